#include "engine/facts/configuration.hpp"

#include "engine/facts/document.hpp"

namespace pgconvoy {
namespace {

// {may} says whether the configuration files can be read. {file} is the last value that the configuration files give a name, where we may read them: what a session (ours, or the
// role's settings) changed for itself hides the server's own value in pg_settings. Secrets don't leave the server.
constexpr const char* kConfiguration = R"sql(
with file as ({file}),
     shown as (
  select s.name, s.unit, s.vartype, s.context, s.boot_val, s.pending_restart,
         s.source in ('client', 'session', 'user', 'database', 'database user', 'interactive', 'test') as is_ours,
         (s.name like '%.%' or s.name like '%conninfo%' or s.name like '%\_command' or s.name like '%passphrase%'
           or s.name in ('krb_server_keyfile', 'ssl_key_file')) as is_masked,
         case when s.source in ('override', 'dynamic default', 'environment variable') then s.boot_val  -- worked out by the server
              when s.source in ('client', 'session', 'user', 'database', 'database user', 'interactive', 'test')
              then f.setting else coalesce(s.reset_val, s.setting) end as value,
         s.source not in ('default', 'override', 'dynamic default', 'environment variable', 'client', 'session', 'user', 'database', 'database user', 'interactive', 'test')
           or f.setting is not null as is_set,
         f.setting is null as not_in_file
    from pg_settings s left join file f on f.name = lower(s.name))
select json_build_object(
  'version', current_setting('server_version'),
  'version_number', current_setting('server_version_num')::int,
  'installable', coalesce((select json_object_agg(name, coalesce(default_version, '')) from pg_available_extensions), '{}'),
  'settings', (
    select json_object_agg(name, json_build_object(
             'value', case when is_masked and coalesce(value, boot_val, '') <> '' then '***' else coalesce(value, boot_val, '') end,
             'boot_value', case when is_masked and coalesce(boot_val, '') <> '' then '***' else coalesce(boot_val, '') end,
             'unit', coalesce(unit, ''), 'type', vartype, 'context', context, 'is_set', is_set and value is distinct from boot_val,
             'waits_for_restart', pending_restart, 'masked', is_masked, 'uncertain', is_ours and not_in_file and not {may}))
      from shown where context <> 'internal'))
)sql";

std::string with_part(std::string text, const std::string& place, const std::string& part) {
  return text.replace(text.find(place), place.size(), part);
}

}  // namespace

std::string file_settings_sql(bool may_read) {
  return may_read ? "select distinct on (lower(name)) lower(name) as name, setting from pg_file_settings where applied order by lower(name), seqno desc"
                  : "select null::text as name, null::text as setting where false";
}

PGCONVOY_JSON_FIELDS(SettingFact, value, boot_value, unit, type, context, is_set, waits_for_restart, masked, uncertain)
PGCONVOY_JSON_FIELDS(ServerConfiguration, server, version, version_number, settings, installable)

Task<Result<ServerConfiguration>> gather_configuration(Session& session, std::string server_id) {
  std::vector<Value> none;
  const std::string rights = "select has_table_privilege('pg_file_settings', 'select') and "
                             "has_function_privilege('pg_show_all_file_settings()', 'execute')";
  CO_TRY(const Rows may, co_await session.query(rights, none));
  const bool files = may.truth(0, 0);
  const std::string query = with_part(with_part(kConfiguration, "{file}", file_settings_sql(files)), "{may}", files ? "true" : "false");
  CO_TRY(const Rows answer, co_await session.query(query, none));
  CO_TRY(auto configuration, decode_document<ServerConfiguration>("configuration of server " + server_id, answer));
  configuration.server = std::move(server_id);
  co_return configuration;
}

}  // namespace pgconvoy
