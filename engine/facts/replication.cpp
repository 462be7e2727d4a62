#include "engine/facts/replication.hpp"

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(ReplicationFact, publications, disabled_subscriptions, unlogged, unlogged_count)
PGCONVOY_JSON_FIELDS(ScheduledJobFact, scheduler, job, database)

std::string replication_sql(int) {
  return R"sql((
  select json_build_object(
    'publications', coalesce((select json_agg(quote_ident(pubname) order by pubname) from pg_publication), '[]'),
    'disabled_subscriptions', coalesce((
      select json_agg(quote_ident(subname) order by subname) from pg_subscription
       where not subenabled and subdbid = (select oid from pg_database where datname = current_database())), '[]'),
    'unlogged', coalesce((
      select json_agg(u.name) from (
        select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where c.relpersistence = 'u' and c.relkind = 'r' order by 1 limit 50) u), '[]'),
    'unlogged_count', (select count(*) from pg_class where relpersistence = 'u' and relkind = 'r'))))sql";
}

// A table that may not exist can only be named in a statement of its own; query_to_xml() runs one. In text, XML changes
// three characters.
std::string scheduled_jobs_sql(int) {
  const auto jobs = [](const std::string& schema, const std::string& table, const std::string& select) {
    return "case when exists (select 1 from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_roles r on r.oid = c.relowner"
           " where n.nspname = '" + schema + "' and c.relname = '" + table + "' and c.relkind = 'r' and r.rolsuper) then "
           "replace(replace(replace(coalesce((xpath('/table/row/jobs/text()', query_to_xml('" + select +
           "', false, false, '')))[1]::text, '[]'), '&lt;', '<'), '&gt;', '>'), '&amp;', '&')::jsonb else '[]'::jsonb end";
  };
  return "(select (" +
         jobs("cron", "job",
              "select jsonb_agg(jsonb_build_object(''scheduler'', ''pg_cron'', ''job'', j.jobid::text, ''database'', j.database)) as jobs "
              "from (select jobid, database from cron.job order by jobid limit 500) j") +
         " || " +
         jobs("pgagent", "pga_jobstep",
              "select jsonb_agg(jsonb_build_object(''scheduler'', ''pgAgent'', ''job'', j.jstname::text, ''database'', j.jstdbname::text)) as jobs "
              "from (select jstname, jstdbname from pgagent.pga_jobstep where jstdbname <> '''' order by jstid limit 500) j") +
         ")::json)";
}

}  // namespace pgconvoy
