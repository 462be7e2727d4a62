#include "engine/facts/lost_rights.hpp"

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(LostRight, object, kind, role, right, on)

std::string lost_rights_sql(int) {
  // Of a view that a materialized view reads, the view's owner needs the rights to what it reads itself.
  return R"sql((
  with recursive reads(top, as_role, relation) as (
    select c.oid, c.relowner, d.refobjid from pg_class c join pg_rewrite r on r.ev_class = c.oid
      join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_class'::regclass and d.refobjid <> c.oid and d.deptype = 'n'
     where c.relkind = 'm' and c.relispopulated and c.oid >= 16384
    union
    select x.top, v.relowner, d.refobjid from reads x join pg_class v on v.oid = x.relation and v.relkind = 'v' join pg_rewrite r on r.ev_class = v.oid
      join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_class'::regclass and d.refobjid <> v.oid and d.deptype = 'n'),
  lost(object, kind, role, needed, of_what) as (
    select 'materialized view ' || x.top::regclass::text, 'materialized view', x.as_role, 'SELECT', x.relation::regclass::text
      from reads x join pg_class c on c.oid = x.relation and c.relkind in ('r', 'p', 'v', 'm', 'f')
     where not has_any_column_privilege(x.as_role, x.relation, 'SELECT')
    union all
    select distinct 'materialized view ' || c.oid::regclass::text, 'materialized view', c.relowner, 'EXECUTE', d.refobjid::regprocedure::text
      from pg_class c join pg_rewrite r on r.ev_class = c.oid
      join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_proc'::regclass and d.deptype = 'n'
     where c.relkind = 'm' and c.relispopulated and not has_function_privilege(c.relowner, d.refobjid, 'EXECUTE')
    union all
    select format('constraint %I on %s', k.conname, k.conrelid::regclass), 'foreign key', c.relowner, 'REFERENCES', k.confrelid::regclass::text
      from pg_constraint k join pg_class c on c.oid = k.conrelid
     where k.contype = 'f' and k.conparentid = 0 and not has_any_column_privilege(c.relowner, k.confrelid, 'REFERENCES')
    union all
    -- Rows are looked up as the owner of the table that is referred to.
    select format('constraint %I on %s', k.conname, k.conrelid::regclass), 'foreign key', c.relowner, 'SELECT', k.confrelid::regclass::text
      from pg_constraint k join pg_class c on c.oid = k.confrelid
     where k.contype = 'f' and k.conparentid = 0 and not has_any_column_privilege(c.relowner, k.confrelid, 'SELECT')
    union all
    select 'partition ' || c.oid::regclass::text, 'partition', c.relowner, 'owner', p.oid::regclass::text
      from pg_inherits i join pg_class p on p.oid = i.inhparent join pg_class c on c.oid = i.inhrelid
      join pg_roles o on o.oid = p.relowner join pg_roles w on w.oid = c.relowner
     where p.relkind = 'p' and o.rolsuper and not w.rolsuper)
  select coalesce(json_agg(json_build_object('object', x.object, 'kind', x.kind, 'role', x.role::regrole::text, 'right', x.needed, 'on', x.of_what)), '[]')
    from (select * from lost order by 1, 4, 5 limit 200) x))sql";
}

}  // namespace pgconvoy
