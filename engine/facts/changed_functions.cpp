#include "engine/facts/changed_functions.hpp"

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(MutableExpression, object, kind, function, language, volatility)
PGCONVOY_JSON_FIELDS(SessionCheck, object, asks, function)

std::string mutable_expressions_sql(int) {
  return R"sql((
  with mutables(classid, id, function) as materialized (
    select 'pg_proc'::regclass, p.oid, p.oid from pg_proc p where p.oid >= 16384 and p.provolatile <> 'i' and p.prokind = 'f'
    union all
    select 'pg_operator'::regclass, o.oid, p.oid from pg_operator o join pg_proc p on p.oid = o.oprcode where o.oid >= 16384 and p.oid >= 16384 and p.provolatile <> 'i')
  select coalesce(json_agg(json_build_object('object', x.object, 'kind', x.kind, 'function', x.function, 'language', x.language, 'volatility', x.volatility)), '[]') from (
    select distinct w.kind, w.kind || ' ' || w.name as object, p.oid::regprocedure::text as function, l.lanname as language,
           case p.provolatile when 's' then 'stable' else 'volatile' end as volatility
      from mutables m join pg_depend d on d.refclassid = m.classid and d.refobjid = m.id
      join pg_proc p on p.oid = m.function join pg_language l on l.oid = p.prolang
      cross join lateral (
        select 'index' as kind, c.oid::regclass::text as name from pg_class c where d.classid = 'pg_class'::regclass and c.oid = d.objid and c.relkind in ('i', 'I')
        union all
        select 'partition key', c.oid::regclass::text from pg_class c where d.classid = 'pg_class'::regclass and c.oid = d.objid and c.relkind = 'p' and d.objsubid = 0
        union all
        select 'generated column', format('%s.%I', a.attrelid::regclass, a.attname) from pg_attribute a
         where d.classid = 'pg_class'::regclass and a.attrelid = d.objid and a.attnum = d.objsubid and a.attgenerated <> ''
        union all
        select 'generated column', format('%s.%I', a.attrelid::regclass, a.attname) from pg_attrdef e join pg_attribute a on a.attrelid = e.adrelid and a.attnum = e.adnum
         where d.classid = 'pg_attrdef'::regclass and e.oid = d.objid and a.attgenerated <> '') w
     where not exists (select from pg_depend e where e.classid = d.classid and e.objid = d.objid and e.deptype = 'e')
     order by 2, 3 limit 200) x))sql";
}

std::string session_checks_sql(int) {
  // Members of SQLValueFunctionOp have had these numbers since 10. Whether a table has rows is seen by its file, where its
  // pages were never counted: statistics are lost in a crash. pg_relation_size() waits for a lock, so what somebody holds
  // exclusively is taken for one with rows.
  return R"sql((
  with locked as materialized (
    select l.relation from pg_locks l where l.mode = 'AccessExclusiveLock' and l.relation is not null
                                        and l.database = (select oid from pg_database where datname = current_database())),
  checks as materialized (
    select k.oid, k.conbin::text as tree,
           format(case k.contypid when 0 then 'constraint %I on %s' else 'constraint %I of domain %s' end, k.conname,
                  case k.contypid when 0 then k.conrelid::regclass::text else k.contypid::regtype::text end) as object
      from pg_constraint k left join pg_class c on c.oid = k.conrelid
     where k.oid >= 16384 and k.contype = 'c' and k.convalidated
       and (k.contypid <> 0 or c.relkind = 'p' or c.relpages > 0 or c.oid in (select relation from locked) or pg_relation_size(c.oid) > 0)
       and (k.contypid = 0 or exists (select from pg_attribute a join pg_class t on t.oid = a.attrelid where a.atttypid = k.contypid and t.relkind = 'r'
                                         and (t.relpages > 0 or t.oid in (select relation from locked) or pg_relation_size(t.oid) > 0)))
       and not exists (select from pg_depend e where e.classid = 'pg_constraint'::regclass and e.objid = k.oid and e.deptype = 'e')),
  asked(word) as (values ('current_database'), ('current_schema'), ('current_schemas'), ('current_setting'), ('inet_client_addr'), ('inet_client_port'),
                         ('inet_server_addr'), ('inet_server_port'), ('pg_backend_pid'), ('pg_has_role')),
  values_of(op, word) as (values (9, 'current_role'), (10, 'current_user'), (11, 'current_user'), (12, 'session_user'), (13, 'current_database'), (14, 'current_schema')),
  said as (
    select c.object, v.word, '' as function from checks c join values_of v on c.tree ~ ('SQLVALUEFUNCTION :op ' || v.op || ' ')
    union
    select c.object, p.proname::text, '' from checks c join pg_proc p on p.oid < 16384 and p.proname in (select word from asked) and position(' :funcid ' || p.oid || ' ' in c.tree) > 0
    union
    select c.object, w.word, p.oid::regprocedure::text
      from checks c join pg_depend d on d.classid = 'pg_constraint'::regclass and d.objid = c.oid and d.refclassid = 'pg_proc'::regclass
      join pg_proc p on p.oid = d.refobjid join pg_language l on l.oid = p.prolang
      cross join (select word from asked union select word from values_of) w
     where p.oid >= 16384 and l.lanname not in ('internal', 'c')
       and regexp_replace(regexp_replace(regexp_replace(p.prosrc, '--[^\n]*', '', 'g'), '/[*].*?[*]/', '', 'g'), '''[^'']*''', '', 'g') ~* ('\m' || w.word || '\M'))
  select coalesce(json_agg(json_build_object('object', x.object, 'asks', x.word, 'function', x.function)), '[]')
    from (select * from said order by 1, 2, 3 limit 200) x))sql";
}

}  // namespace pgconvoy
