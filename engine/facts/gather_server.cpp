#include "engine/facts/configuration.hpp"
#include "engine/facts/document.hpp"
#include "engine/facts/free_space.hpp"
#include "engine/facts/gather.hpp"

namespace pgconvoy {
namespace {

// Rights are asked first, because PostgreSQL checks those on a table or function before it runs anything: the
// catalog of verifiers can't be named in a statement of somebody who may not read it. (10 wants a superuser for
// pg_stat_file() whatever is granted.)
constexpr const char* kRights = R"sql(
select has_table_privilege('pg_authid', 'select'),
       has_function_privilege('pg_stat_file(text)', 'execute')
         and (current_setting('server_version_num')::int >= 110000
              or (select rolsuper from pg_roles where rolname = current_user)),
       has_table_privilege('pg_file_settings', 'select') and has_function_privilege('pg_show_all_file_settings()', 'execute')
)sql";

// {verifier}, {roles}, {directory_changed}, {file} and {without} are filled in by rights. What our session sets for itself hides the server's own
// value in pg_settings. Only the kind of a verifier leaves the server.
// Roles: pg_* belong to PostgreSQL, pgconvoy_* are ours and temporary.
constexpr const char* kServer = R"sql(
select json_build_object(
  'version_number', current_setting('server_version_num')::int,
  'version', current_setting('server_version'),
  'system_identifier', (select system_identifier::text from pg_control_system()),
  'timeline', (select timeline_id from pg_control_checkpoint()),
  'in_recovery', pg_is_in_recovery(),
  'administrator', me.rolname,
  'superuser', me.rolsuper,
  'can_create_database', me.rolsuper or me.rolcreatedb,
  'can_create_role', me.rolsuper or me.rolcreaterole,
  'acts_as', case when me.rolsuper then '[]' else
    (select json_agg(rolname order by rolname) from pg_roles where pg_has_role(oid, 'usage') and
      pg_has_role(oid, case when current_setting('server_version_num')::int >= 160000 then 'set' else 'usage' end)) end,
  'can_end_sessions', pg_has_role('pg_signal_backend', 'usage'),
  'tls', coalesce((select ssl from pg_stat_ssl where pid = pg_backend_pid()), false),
  'max_connections', current_setting('max_connections')::int,
  'max_locks_per_transaction', current_setting('max_locks_per_transaction')::int,
  'data_directory', coalesce((select setting from pg_settings where name = 'data_directory'), ''),
  'directory_changed', {directory_changed},
  'same_host', inet_server_addr() is null or inet_server_addr() = inet_client_addr(),
  'settings', (
    select json_object_agg(name, setting)
      from (select s.name, case when s.source not in ('client', 'session') or s.unit is not null then s.setting
                                when f.setting is null then {without}
                                when s.vartype = 'bool' then case when f.setting::boolean then 'on' else 'off' end
                                else f.setting end as setting
              from pg_settings s left join ({file}) f on f.name = lower(s.name)) v
     where setting is not null and (name in ('password_encryption', 'max_wal_size', 'max_prepared_transactions', 'wal_level', 'block_size',
                    'max_replication_slots', 'shared_preload_libraries', 'default_transaction_read_only',
                    'server_encoding', 'data_checksums', 'max_worker_processes', 'TimeZone', 'integer_datetimes',
                    'max_identifier_length', 'wal_block_size', 'port')
        or name in ('DateStyle', 'IntervalStyle', 'default_text_search_config', 'lc_monetary', 'lc_numeric', 'lc_time',
                    'standard_conforming_strings', 'bytea_output', 'backslash_quote', 'array_nulls', 'transform_null_equals',
                    'xmlbinary', 'xmloption', 'default_transaction_isolation', 'default_tablespace', 'shared_buffers',
                    'work_mem', 'maintenance_work_mem', 'temp_buffers', 'effective_cache_size')
        or name in ('max_parallel_workers', 'max_parallel_maintenance_workers'))),
  'extensions', {extensions},
  'roles', coalesce((
    select json_object_agg(r.rolname, json_build_object(
             'name', r.rolname, 'superuser', r.rolsuper, 'login', r.rolcanlogin, 'create_database', r.rolcreatedb,
             'create_role', r.rolcreaterole, 'inherit', r.rolinherit, 'replication', r.rolreplication,
             'bypass_row_security', r.rolbypassrls, 'connection_limit', r.rolconnlimit,
             'valid_until', coalesce(r.rolvaliduntil::text, ''),
             'verifier', {verifier},
             'settings', coalesce((select (select json_agg(case when split_part(c, '=', 1) like '%.%' then split_part(c, '=', 1) || '=***' else c end) from unnest(s.setconfig) c)
                                     from pg_db_role_setting s
                                    where s.setdatabase = 0 and s.setrole = r.oid), '[]'),
             'member_of', coalesce((select json_agg(distinct g.rolname)
                                      from pg_auth_members m join pg_roles g on g.oid = m.roleid
                                     where m.member = r.oid), '[]'),
             'admin_of', coalesce((select json_agg(distinct g.rolname)
                                     from pg_auth_members m join pg_roles g on g.oid = m.roleid
                                    where m.member = r.oid and m.admin_option), '[]'),
             'comment', coalesce(shobj_description(r.oid, 'pg_authid'), '')))
      from {roles} as r where r.rolname !~ '^pg(convoy)?_'), '{}'),
  'databases', (select json_object_agg(datname, pg_get_userbyid(datdba)) from pg_database),
  'locales', (
    select json_agg(distinct locale)
      from (select collcollate::text from pg_collation where collprovider in ('c', 'd')
            union select collctype::text from pg_collation where collprovider in ('c', 'd')
            union select datcollate::text from pg_database
            union select datctype::text from pg_database) as l(locale)
     where locale <> ''))
  from pg_roles as me where me.rolname = current_user
)sql";

constexpr const char* kVerifier = R"sql(case when r.rolpassword is null then 'none'
                              when r.rolpassword like 'SCRAM-SHA-256$%' then 'scram-sha-256'
                              when r.rolpassword ~ '^md5[0-9a-f]{32}$' then 'md5'
                              else 'unreadable' end)sql";
// Reads every control file of the server: one that its version does not understand fails the statement.
constexpr const char* kExtensions = R"sql(coalesce((
    select json_object_agg(name, versions)
      from (select name, json_agg(version order by version) as versions
              from pg_available_extension_versions group by name) as e), '{}'))sql";
constexpr const char* kDirectoryChanged =
    "(select extract(epoch from date_trunc('second', modification))::bigint from pg_stat_file('.'))";

// The statement holds braces of its own, so its places are filled in one by one.
std::string filled_in(std::string text, const std::string& place, const std::string& value) {
  text.replace(text.find(place), place.size(), value);
  return text;
}

Result<ServerFacts> decode_server(const std::string& server_id, const Rows& answer) {
  TRY(json document, decode_document<json>("facts of server " + server_id, answer));
  TRY(ServerFacts facts, decode_parsed<ServerFacts>("facts of server " + server_id, document));
  facts.server = server_id;
  facts.reachable = true;
  const auto changed = document.at("directory_changed");
  facts.free_bytes = free_space(facts.data_directory, document.at("same_host") == true,
                                changed.is_number() ? std::optional(changed.get<std::int64_t>()) : std::nullopt);
  return facts;
}

}  // namespace

Task<Result<ServerFacts>> gather_server(Session& session, std::string server_id) {
  std::string sql = kRights;
  CO_TRY(Rows rights, co_await session.query(std::move(sql)));
  const bool verifiers = rights.truth(0, 0);
  const bool files = rights.truth(0, 1);
  const bool configuration = rights.truth(0, 2);

  std::string statement = filled_in(kServer, "{verifier}", verifiers ? kVerifier : "'unreadable'");
  statement = filled_in(std::move(statement), "{roles}", verifiers ? "pg_authid" : "pg_roles");
  statement = filled_in(std::move(statement), "{directory_changed}", files ? kDirectoryChanged : "null");
  statement = filled_in(std::move(statement), "{file}", file_settings_sql(configuration));
  statement = filled_in(std::move(statement), "{without}", configuration ? "s.boot_val" : "null");
  std::string whole = filled_in(statement, "{extensions}", kExtensions);
  auto answer = co_await session.query(std::move(whole));
  if (answer) co_return decode_server(server_id, *answer);

  // A control file that can't be parsed is the one known reason; everything else can still be read.
  if (answer.error().sqlstate != "42601" || !session.usable()) co_return answer.error();
  std::string without = filled_in(statement, "{extensions}", "'{}'::json");
  auto rest = co_await session.query(std::move(without));
  if (!rest) co_return rest.error();
  auto facts = decode_server(server_id, *rest);
  if (facts) facts->extensions_unreadable_because = answer.error().message;
  co_return facts;
}

}  // namespace pgconvoy
