#include "engine/facts/document.hpp"
#include "engine/facts/gather.hpp"

namespace pgconvoy {
namespace {

// $1: JSON array of names. One document, an array with an object for each database that exists.
// Roles come from pg_shdepend (owners, grants, default privileges, policies, user mappings inside the database), from
// the settings that roles have in it, and its subscriptions' owners. The bootstrap superuser is pinned and never
// stands in pg_shdepend: gather_inside() looks for it. {provider} and {provider_locale} depend on the version.
// Applications keep secrets in settings of their own, those with a dot in their name: their values stay on the server.
constexpr const char* kDatabaseFacts = R"sql(
select coalesce(json_agg(json_build_object(
  'database', d.datname,
  'exists', true,
  'oid', d.oid::bigint,
  'owner', pg_get_userbyid(d.datdba),
  'encoding', pg_encoding_to_char(d.encoding),
  'collate', d.datcollate, 'ctype', d.datctype,
  'locale_provider', {provider}, 'provider_locale', {provider_locale},
  'comment', coalesce(shobj_description(d.oid, 'pg_database'), ''),
  'tablespace', (select spcname from pg_tablespace t where t.oid = d.dattablespace),
  'allows_connections', d.datallowconn,
  'is_template', d.datistemplate,
  'connection_limit', d.datconnlimit,
  'acl', coalesce(d.datacl::text, ''),
  'settings', coalesce((select (select json_agg(case when split_part(c, '=', 1) like '%.%' then split_part(c, '=', 1) || '=***' else c end) from unnest(s.setconfig) c) from pg_db_role_setting s
                         where s.setdatabase = d.oid and s.setrole = 0), '[]'),
  'role_settings', coalesce((select json_object_agg(pg_get_userbyid(s.setrole), (select json_agg(case when split_part(c, '=', 1) like '%.%' then split_part(c, '=', 1) || '=***' else c end) from unnest(s.setconfig) c))
                               from pg_db_role_setting s
                              where s.setdatabase = d.oid and s.setrole <> 0), '{}'),
  'bytes', case when has_database_privilege(d.oid, 'connect') or pg_has_role('pg_read_all_stats', 'usage')
                then coalesce(pg_database_size(d.oid), 0) else 0 end,
  'roles', coalesce((select json_agg(n.name order by n.name)
                       from (select pg_get_userbyid(u.role) as name
                               from (select d.datdba as role
                                     union select s.refobjid from pg_shdepend s
                                            where s.dbid = d.oid and s.refclassid = 'pg_authid'::regclass
                                     union select s.refobjid from pg_shdepend s
                                            where s.dbid = 0 and s.classid = 'pg_database'::regclass
                                              and s.objid = d.oid and s.refclassid = 'pg_authid'::regclass
                                     union select s.setrole from pg_db_role_setting s where s.setdatabase = d.oid
                                     union select s.subowner from pg_subscription s where s.subdbid = d.oid) as u
                              where u.role <> 0) as n
                      where n.name !~ '^pg(convoy)?_'), '[]'),
  'prepared_transactions', coalesce((select json_agg(x.gid order by x.gid) from pg_prepared_xacts x
                                      where x.database = d.datname), '[]'),
  'subscriptions', coalesce((select json_agg(s.subname order by s.subname) from pg_subscription s
                              where s.subdbid = d.oid and s.subenabled), '[]'),
  'logical_slots', coalesce((select json_agg(s.slot_name order by s.slot_name) from pg_replication_slots s
                              where s.database = d.datname and s.slot_type = 'logical'), '[]'),
  'sessions', coalesce(a.sessions, 0),
  'superuser_sessions', coalesce(a.of_superusers, '[]'))), '[]')
  from pg_database d
  left join (select datid, count(*) as sessions,
                    json_agg(distinct format('%s (%s)', usename, coalesce(nullif(application_name, ''), 'pid ' || pid)))
                      filter (where usesysid in (select oid from pg_roles where rolsuper)) as of_superusers
               from pg_stat_activity
              where coalesce(backend_type, 'client backend') = 'client backend'
                and coalesce(application_name, '') not like 'pgconvoy%' group by datid) as a on a.datid = d.oid
 where d.datname in (select json_array_elements_text($1::json))
)sql";

constexpr const char* kProvider = "case d.datlocprovider when 'i' then 'icu' when 'b' then 'builtin' else 'libc' end";

std::string statement_for(int version) {
  std::string sql = kDatabaseFacts;
  const auto fill = [&](const std::string& place, const std::string& value) {
    sql.replace(sql.find(place), place.size(), value);
  };
  fill("{provider}", version >= 150000 ? kProvider : "'libc'");
  // 15 and 16 call it daticulocale (PostgreSQL 17 release notes, E.6: renamed to datlocale).
  fill("{provider_locale}", version >= 170000   ? "coalesce(d.datlocale, '')"
                            : version >= 150000 ? "coalesce(d.daticulocale, '')"
                                                : "''");
  return sql;
}

std::map<std::string, DatabaseFacts> by_instance(const std::vector<Instance>& instances,
                                                 std::vector<DatabaseFacts> found) {
  std::map<std::string, DatabaseFacts> by_name;
  for (auto& facts : found) {
    std::string name = facts.database;
    by_name.emplace(std::move(name), std::move(facts));
  }
  std::map<std::string, DatabaseFacts> result;
  for (const auto& instance : instances) {
    DatabaseFacts facts;
    if (auto known = by_name.find(instance.database); known != by_name.end()) facts = known->second;
    facts.instance = instance.id;
    facts.server = instance.server;
    facts.database = instance.database;
    facts.state = instance.state;
    result.emplace(instance.id, std::move(facts));
  }
  return result;
}

}  // namespace

Task<Result<std::map<std::string, DatabaseFacts>>> gather_databases(Session& maintenance,
                                                                    std::vector<Instance> instances) {
  json names = json::array();
  for (const auto& instance : instances) names.push_back(instance.database);
  std::vector<Value> parameters;
  parameters.emplace_back(names.dump());
  std::string sql = statement_for(maintenance.server_version());
  CO_TRY(Rows answer, co_await maintenance.query(std::move(sql), std::move(parameters)));
  CO_TRY(std::vector<DatabaseFacts> found,
         decode_document<std::vector<DatabaseFacts>>("databases of server " + maintenance.server(), answer));
  co_return by_instance(instances, std::move(found));
}

}  // namespace pgconvoy
