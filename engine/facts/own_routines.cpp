#include "engine/facts/own_routines.hpp"

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(OwnRoutinesFact, routines, more)

std::string own_routines_sql(int) {
  return R"sql((
  with own as materialized (
    select format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) as name
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace
     where p.oid >= 16384 and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
       and not exists (select from pg_depend e where e.classid = 'pg_proc'::regclass and e.objid = p.oid and e.deptype = 'e'))
  select json_build_object('routines', coalesce((select json_agg(name) from (select name from own order by name limit 3000) o), '[]'),
                           'more', greatest((select count(*) from own) - 3000, 0))))sql";
}

}  // namespace pgconvoy
