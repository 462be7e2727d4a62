#include "engine/facts/extension_uses.hpp"

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(ExtensionUse, extension, member, user, users, by_hand)

std::string extension_uses_sql(int) {
  return R"sql((
  select coalesce(json_agg(json_build_object('extension', x.extension, 'member', x.member, 'user', x."user", 'users', x.users, 'by_hand', x.by_hand)), '[]') from (
   (    select e.extname as extension, n.member, count(distinct (w.classid, w.objid)) as users,
           min(case w.classid when 'pg_class'::regclass then (select case c.relkind when 'v' then 'view ' when 'm' then 'materialized view ' when 'i' then 'index ' when 'I' then 'index ' else 'table ' end
                                                                     || c.oid::regclass::text from pg_class c where c.oid = w.objid)
                 else (select i.type || ' ' || i.identity from pg_identify_object(w.classid, w.objid, 0) i) end) as "user", '' as by_hand
      from pg_extension e
      join pg_depend m on m.refclassid = 'pg_extension'::regclass and m.refobjid = e.oid and m.deptype = 'e'
                      and m.classid in ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_class'::regclass)
      join pg_depend u on u.refclassid = m.classid and u.refobjid = m.objid and u.deptype in ('n', 'a')
      -- A rule of a view is told as the view, a default as its table, what an operator family is made of as the family.
      cross join lateral (
        select case when r.oid is not null or a.oid is not null then 'pg_class'::regclass when f.family is not null then 'pg_opfamily'::regclass else u.classid end as classid,
               coalesce(r.ev_class, a.adrelid, f.family, u.objid) as objid
          from (values (1)) one(x) left join pg_rewrite r on u.classid = 'pg_rewrite'::regclass and r.oid = u.objid
          left join pg_attrdef a on u.classid = 'pg_attrdef'::regclass and a.oid = u.objid
          left join lateral (select o.amopfamily from pg_amop o where u.classid = 'pg_amop'::regclass and o.oid = u.objid
                             union all select s.amprocfamily from pg_amproc s where u.classid = 'pg_amproc'::regclass and s.oid = u.objid) f(family) on true) w
      cross join lateral (
        select case m.classid
          when 'pg_proc'::regclass then (select 'function ' || p.proname || '(' || oidvectortypes(p.proargtypes) || ')' from pg_proc p where p.oid = m.objid)
          when 'pg_operator'::regclass then (select 'operator ' || o.oprname || '(' || case o.oprleft when 0 then 'NONE' else t.left_name end || ', '
                                                    || case o.oprright when 0 then 'NONE' else t.right_name end || ')'
                                               from pg_operator o, lateral (select (select typname from pg_type where oid = o.oprleft) as left_name,
                                                                                   (select typname from pg_type where oid = o.oprright) as right_name) t where o.oid = m.objid)
          else (select 'column ' || c.relname || '.' || a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum = u.refobjsubid where c.oid = m.objid) end as member) n
     where e.extname <> 'plpgsql' and n.member is not null and w.objid >= 16384
       and not exists (select from pg_depend d where d.classid = w.classid and d.objid = w.objid and d.deptype = 'e')
     group by 1, 2 order by 1, 2 limit 1000)
   union all
   -- In a script object and membership are of one transaction. What pg_upgrade brought was put in one by one: then most are like that.
   (select f.extname, 'function ' || f.name, 1, 'function ' || f.name, 'added'
      from (select e.extname, p.oid::regprocedure::text as name, p.xmin <> d.xmin and age(p.xmin) > age(d.xmin) as older,
                   count(*) filter (where p.xmin <> d.xmin and age(p.xmin) > age(d.xmin)) over (partition by e.oid) as olders, count(*) over (partition by e.oid) as members
              from pg_extension e join pg_depend d on d.refclassid = 'pg_extension'::regclass and d.refobjid = e.oid and d.deptype = 'e' and d.classid = 'pg_proc'::regclass
              join pg_proc p on p.oid = d.objid where e.extname <> 'plpgsql') f
     where f.older and f.olders * 2 <= f.members order by 1, 2 limit 100)
   union all
   (select distinct e.extname, '', 1, 'function ' || p.oid::regprocedure::text, 'removed'
      from pg_proc p join pg_language l on l.oid = p.prolang and l.lanname = 'c'
      join pg_proc m on m.probin = p.probin and m.pronamespace = p.pronamespace
      join pg_depend d on d.classid = 'pg_proc'::regclass and d.objid = m.oid and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'
      join pg_extension e on e.oid = d.refobjid
     where p.oid >= 16384 and not exists (select from pg_depend x where x.classid = 'pg_proc'::regclass and x.objid = p.oid and x.deptype = 'e')
     order by 1, 4 limit 100)) x))sql";
}

}  // namespace pgconvoy
