#include "engine/facts/operators.hpp"

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(OperatorFact, name, kind, function)

std::string operators_sql(int) {
  return R"sql((
  select coalesce(json_agg(json_build_object(
           'name', o.oid::regoperator::text,
           'kind', case o.oprkind when 'l' then 'prefix' when 'r' then 'postfix' else 'infix' end,
           'function', o.oprcode::oid::regprocedure::text) order by o.oid), '[]')
    from pg_operator o
   where o.oid >= 16384
     and not exists (select 1 from pg_depend d
                      where d.classid = 'pg_operator'::regclass and d.objid = o.oid and d.deptype = 'e')))sql";
}

}  // namespace pgconvoy
