#include "engine/facts/care.hpp"

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(CareFact, archives, archived_ago, failed_ago, standbys, monitors)
PGCONVOY_JSON_FIELDS(SiteCareFact, backed_up, monitored, detail, unknown_because)

std::string care_sql(int) {
  return R"sql((
  select json_build_object(
    'archives', coalesce((select bool_or(setting <> 'off') from pg_settings where name = 'archive_mode'), false)
      and coalesce((select bool_or(setting not in ('', '(disabled)')) from pg_settings where name in ('archive_command', 'archive_library')), false),
    'archived_ago', coalesce((select extract(epoch from clock_timestamp() - last_archived_time) from pg_stat_archiver), -1)::bigint,
    'failed_ago', coalesce((select extract(epoch from clock_timestamp() - last_failed_time) from pg_stat_archiver
                             where last_failed_time > coalesce(last_archived_time, '-infinity')), -1)::bigint,
    'standbys', coalesce((
      select json_agg(s.name) from (
        select coalesce(nullif(r.application_name, ''), 'pid ' || r.pid) as name
          from pg_stat_replication r join pg_stat_activity a on a.pid = r.pid
         where a.datid is null and r.application_name not like 'pg\_basebackup%' order by 1 limit 20) s), '[]'),
    'monitors', coalesce((
      select json_agg(m.rolname order by m.rolname) from (
        select r.rolname from pg_roles r
         where r.rolcanlogin and not r.rolsuper and r.rolname !~ '^pg_' and r.rolname <> current_user
           and pg_has_role(r.oid, 'pg_read_all_stats', 'usage') order by 1 limit 100) m), '[]'))))sql";
}

}  // namespace pgconvoy
