#include "engine/facts/tablespaces.hpp"

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(UsedTablespaceFact, tablespace, objects, example)

std::string tablespaces_sql(int) { return "(select json_agg(spcname order by spcname) from pg_tablespace)"; }

std::string used_tablespaces_sql(int) {
  return R"sql((
  select coalesce(json_agg(json_build_object('tablespace', u.spcname, 'objects', u.objects, 'example', u.example)), '[]')
    from (select s.spcname, count(*) as objects,
                 min(format('%s %I.%I', case c.relkind when 'i' then 'index' when 'I' then 'index' when 'm' then 'materialized view' else 'table' end,
                            n.nspname, c.relname)) as example
            from pg_class c join pg_tablespace s on s.oid = c.reltablespace join pg_namespace n on n.oid = c.relnamespace
           where c.oid >= 16384 and c.relkind in ('r', 'p', 'm', 'i', 'I') and c.relpersistence <> 't' and n.nspname !~ '^pg_toast'
             and not exists (select 1 from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
           group by s.spcname order by s.spcname limit 100) u))sql";
}

}  // namespace pgconvoy
