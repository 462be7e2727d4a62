#include "engine/facts/row_checks.hpp"

#include <fmt/format.h>

#include "engine/facts/row_reader.hpp"

namespace pgconvoy {

std::string row_checks_sql(int version) {
  const std::string nulls_differ = version >= 150000 ? "not i.indnullsnotdistinct" : "true";
  return "with recursive" + tenants_code_sql() + R"sql(,
  tables as materialized (
    select c.oid, c.relkind, c.relispartition, format('%I.%I', n.nspname, c.relname) as name,
           case when c.relkind = 'p' then '' else 'only ' end || format('%I.%I', n.nspname, c.relname) as source,
           c.relpages::bigint * current_setting('block_size')::bigint as bytes, c.oid in (select u.table_oid from unsafe u) as unsafe
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.oid >= 16384 and c.relkind in ('r', 'p', 'm') and c.relpersistence <> 't' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
       and c.oid not in (select h.oid from held h)
       and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')),
  keys as materialized (
    select i.indexrelid, i.indrelid, i.indpred,
           string_agg('(' || e.sql || ')' || coalesce(' collate ' || quote_ident(s.nspname) || '.' || quote_ident(l.collname), ''), ', ' order by k.number) as list,
           string_agg(case when )sql" + nulls_differ + R"sql( then '(' || e.sql || ') is not null' else 'true' end, ' and ' order by k.number) as present,
           -- A number of 64 bits for a key, equal for equal keys: sorting those takes a fraction of grouping by the keys.
           case when bool_and(h.hash is not null) then
             case when count(*) = 1 and bool_and(h.number) then min(e.sql)
                  else string_agg(format('hashint8extended(%s, %s)', h.hash, k.number), ' # ' order by k.number) end end as quick,
           bool_and(o.opcdefault or o.opcname in ('text_pattern_ops', 'varchar_pattern_ops', 'bpchar_pattern_ops')) as usual
      from pg_index i
      join pg_class x on x.oid = i.indexrelid
      join pg_am m on m.oid = x.relam and m.amname = 'btree'
      cross join lateral generate_series(1, i.indnkeyatts) k(number)
      cross join lateral (select pg_get_indexdef(i.indexrelid, k.number, false) as sql) e
      left join pg_opclass o on o.oid = (i.indclass::oid[])[k.number - 1]
      left join pg_collation l on l.oid = (i.indcollation::oid[])[k.number - 1] and not l.collisdeterministic
      left join pg_namespace s on s.oid = l.collnamespace
      join pg_attribute a on a.attrelid = i.indexrelid and a.attnum = k.number
      join pg_type y on y.oid = a.atttypid
      cross join lateral (
        select case when y.typname in ('int2', 'int4', 'int8', 'oid') then format('(%s)::bigint', e.sql)
                    when y.typname in ('text', 'varchar') then format('hashtextextended((%s)::text%s, 0)', e.sql, c.clause)
                    when y.typname = 'bpchar' and c.clause = '' then format('hashbpcharextended(%s, 0)', e.sql)
                    when y.typname = 'uuid' then format('uuid_hash_extended(%s, 0)', e.sql)
                    when y.typname = 'numeric' then format('hash_numeric_extended(%s, 0)', e.sql)
                    when y.typname = 'date' then format('hashtextextended((%s)::text, 0)', e.sql)
                    when y.typname = 'timestamp' then format('timestamp_hash_extended(%s, 0)', e.sql)
                    when y.typname = 'timestamptz' then format('timestamp_hash_extended((%s) at time zone ''UTC'', 0)', e.sql)
                    when y.typname = 'bool' then format('(%s)::integer::bigint', e.sql)
                    when y.typtype = 'e' then format('hashenumextended(%s, 0)', e.sql) end as hash,
               y.typname in ('int2', 'int4', 'int8', 'oid', 'timestamp', 'timestamptz') as number
          from (select coalesce(' collate ' || quote_ident(s.nspname) || '.' || quote_ident(l.collname), '') as clause) c) h
     where x.relkind = 'i' and i.indisunique and i.indisvalid and i.indisready and i.indrelid >= 16384
       and i.indrelid not in (select h.oid from held h)
     group by i.indexrelid, i.indrelid, i.indpred),
  -- Types with a domain somewhere inside, where a cast to the type itself wouldn't reach it. Text that is read anew does.
  deep(type) as (
    select c.reltype from pg_attribute a join pg_class c on c.oid = a.attrelid
     where a.atttypid in (select d.oid from domains d) and a.attnum > 0 and not a.attisdropped and c.relkind in ('c', 'r', 'p')
    union
    select r.rngtypid from pg_range r where r.rngsubtype in (select d.oid from domains d)
    union
    select t.oid from pg_type t where t.typtype = 'd' and t.typbasetype in (select y.typarray from pg_type y where y.oid >= 16384 and y.typtype = 'd')
    union
    select y.type from deep d cross join lateral (
      select t.oid from pg_type t where t.typelem = d.type and t.typcategory = 'A'
      union all
      select t.oid from pg_type t where t.typtype = 'd' and t.typbasetype = d.type
      union all
      select c.reltype from pg_attribute a join pg_class c on c.oid = a.attrelid
       where a.atttypid = d.type and a.attnum > 0 and not a.attisdropped and c.relkind in ('c', 'r', 'p')
      union all
      select r.rngtypid from pg_range r where r.rngsubtype = d.type) y(type)),
  links as materialized (
    select k.oid, k.conrelid, k.confrelid, k.confmatchtype,
           string_agg(format('p.%I operator(%I.%s) c.%I', p.attname, s.nspname, o.oprname, c.attname)
                      || case when p.attcollation <> c.attcollation and p.attcollation <> 0 then
                           (select format(' collate %I.%I', n.nspname, l.collname)
                              from pg_collation l join pg_namespace n on n.oid = l.collnamespace where l.oid = p.attcollation) else '' end,
                      ' and ' order by f.place) as same,
           string_agg(format('c.%I is not null', c.attname), ' and ' order by f.place) as present,
           string_agg(format('c.%I is null', c.attname), ' and ' order by f.place) as missing, count(*) as columns
      from pg_constraint k
      cross join lateral unnest(k.conkey, k.confkey, k.conpfeqop) with ordinality f(child, parent, operator, place)
      join pg_attribute c on c.attrelid = k.conrelid and c.attnum = f.child
      join pg_attribute p on p.attrelid = k.confrelid and p.attnum = f.parent
      join pg_operator o on o.oid = f.operator
      join pg_namespace s on s.oid = o.oprnamespace
     where k.contype = 'f' and k.convalidated and k.conparentid = 0
     group by k.oid, k.conrelid, k.confrelid, k.confmatchtype)
select 'unique' as kind, format('%I.%I', n.nspname, x.relname) as object, t.name as "table", t.unsafe, t.bytes, k.usual,
       format('select count(*) from (select from %s where %s%s group by %s having count(*) > 1) d', t.source, k.present,
              coalesce(' and (' || pg_get_expr(k.indpred, k.indrelid) || ')', ''), k.list) as sql, k.list as detail,
       case when k.quick is not null then format('select count(*) - count(distinct %s) as count from %s where %s%s', k.quick, t.source, k.present,
                                                 coalesce(' and (' || pg_get_expr(k.indpred, k.indrelid) || ')', '')) else '' end as quick
  from keys k join tables t on t.oid = k.indrelid join pg_class x on x.oid = k.indexrelid join pg_namespace n on n.oid = x.relnamespace
union all
select 'foreign', quote_ident(f.conname), c.name, c.unsafe or p.unsafe, c.bytes + p.bytes, true,
       format('select count(*) from %s c where %s and not exists (select from %s p where %s)', c.source, k.present, p.source, k.same)
       || case when k.confmatchtype = 'f' and k.columns > 1 then format(' union all select count(*) from %s c where not (%s) and not (%s)', c.source, k.present, k.missing) else '' end,
       p.name, ''
  from links k join pg_constraint f on f.oid = k.oid join tables c on c.oid = k.conrelid join tables p on p.oid = k.confrelid
union all
select 'exclusion', quote_ident(k.conname), t.name, t.unsafe, 2 * t.bytes + (case when x.equality then 0 else 1000000000000000 end), t.bytes <= 1000000 or x.equality,
       format('select count(*) from (select %1$s from %2$s%3$s) a join (select %1$s from %2$s%3$s) b on a.place < b.place and %4$s', x.list, t.source,
              coalesce(' where (' || pg_get_expr(i.indpred, i.indrelid) || ')', ''), x.conflict), x.keys, ''
  from pg_constraint k join tables t on t.oid = k.conrelid join pg_index i on i.indexrelid = k.conindid
  cross join lateral (
    select 'ctid as place, ' || string_agg(format('(%s) as e%s', pg_get_indexdef(i.indexrelid, f.place::integer, false), f.place), ', ' order by f.place) as list,
           string_agg(pg_get_indexdef(i.indexrelid, f.place::integer, false), ', ' order by f.place) as keys,
           string_agg(format('a.e%1$s operator(%2$I.%3$s) b.e%1$s', f.place, s.nspname, o.oprname), ' and ' order by f.place) as conflict,
           bool_or(o.oprcanhash) as equality
      from unnest(k.conexclop) with ordinality f(operator, place) join pg_operator o on o.oid = f.operator join pg_namespace s on s.oid = o.oprnamespace) x
 where k.contype = 'x' and k.conparentid = 0 and t.relkind = 'r'
union all
select 'check', quote_ident(k.conname), t.name, t.unsafe or exists (select from tenants_code d where d.classid = 'pg_constraint'::regclass and d.objid = k.oid), t.bytes, true,
       format('not (%s)', pg_get_expr(k.conbin, k.conrelid)), '', ''
  from pg_constraint k join tables t on t.oid = k.conrelid
 where k.contype = 'c' and k.convalidated and t.relkind = 'r'
union all
select 'partition', '', t.name, t.unsafe or u.ancestor, t.bytes, true,
       '', '', ''
  from tables t
  cross join lateral (select exists (select from pg_partition_ancestors(t.oid) a (relid) where a.relid in (select u.table_oid from unsafe u)) as ancestor) u
 where t.relispartition and t.relkind = 'r'
union all
select 'generated', quote_ident(a.attname), t.name, true, t.bytes, true, format('((%s)::%s)::text is distinct from (%I)::text', pg_get_expr(e.adbin, e.adrelid), format_type(a.atttypid, a.atttypmod), a.attname), '', ''
  from tables t join pg_attribute a on a.attrelid = t.oid and a.attgenerated = 's' join pg_attrdef e on e.adrelid = t.oid and e.adnum = a.attnum
 where exists (select from tenants_code d where (d.classid = 'pg_attrdef'::regclass and d.objid = e.oid)
                                               or (d.classid = 'pg_class'::regclass and d.objid = t.oid and d.objsubid = a.attnum))
union all
select 'domain', quote_ident(a.attname), t.name,
       t.unsafe or exists (select from tenants_code c join pg_constraint k on k.oid = c.objid where c.classid = 'pg_constraint'::regclass and k.contypid <> 0), t.bytes,
       not exists (with recursive base (oid) as (select coalesce(e.oid, d.oid) union all
                                                 select y.typbasetype from base b join pg_type y on y.oid = b.oid where y.typtype = 'd')
                   select from base b join pg_constraint k on k.contypid = b.oid where not k.convalidated),
       format('select count((c.%I::%s)::%s) * 0 as count from %s c', a.attname,
              case when d.typtype = 'd' then format_type(d.typbasetype, d.typtypmod) else format_type(e.typbasetype, e.typtypmod) || '[]' end,
              format_type(a.atttypid, null), t.source), format_type(coalesce(e.oid, d.oid), null), ''
  from tables t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
  join pg_type d on d.oid = a.atttypid
  left join pg_type e on e.oid = d.typelem and e.typtype = 'd' and d.typcategory = 'A'
 where t.relkind = 'r' and (d.typtype = 'd' or e.oid is not null) and d.oid not in (select type from deep)
union all
select 'domain', quote_ident(a.attname), t.name,
       t.unsafe or exists (select from tenants_code c join pg_constraint k on k.oid = c.objid where c.classid = 'pg_constraint'::regclass and k.contypid <> 0), t.bytes,
       not exists (select from pg_constraint k where k.contypid <> 0 and not k.convalidated),
       format('select count((c.%I::text)::%s) * 0 as count from %s c', a.attname, format_type(a.atttypid, null), t.source), format_type(a.atttypid, null), ''
  from tables t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
 where t.relkind = 'r' and a.atttypid in (select type from deep)
 order by 5, 1, 3, 2)sql";
}

std::vector<RowCheck> row_checks_of(const Rows& rows) {
  std::vector<RowCheck> checks;
  for (std::size_t i = 0; i < rows.size(); ++i)
    checks.push_back({rows.text(i, 0), rows.text(i, 1), rows.text(i, 2), rows.truth(i, 3), rows.number(i, 4), rows.truth(i, 5),
                      rows.text(i, 6), rows.text(i, 7), rows.text(i, 8)});
  return checks;
}

std::string bounds_sql(const std::string& table) {
  return fmt::format("select format('not (%s)', coalesce(pg_get_partition_constraintdef({}::regclass), 'true'))", quote_literal(table));
}

std::string count_conditions(const std::vector<RowCheck>& checks) {
  std::string counts;
  for (const RowCheck& check : checks) counts += fmt::format("{}count(*) filter (where {})", counts.empty() ? "" : ", ", check.sql);
  return fmt::format("select concat_ws(',', {}) from only {}", counts, checks.front().table);
}

std::string showing_sql(const RowCheck& check) {
  if (check.is_condition()) return fmt::format("SELECT * FROM ONLY {} WHERE {}", check.table, check.sql);
  std::string sql = check.sql;
  const auto put = [&sql](const std::string& from, const std::string& to) {
    if (const auto at = sql.find(from); at != std::string::npos) sql.replace(at, from.size(), to);
  };
  if (check.kind == "unique") {
    put("select count(*) from (select from", fmt::format("SELECT {}, count(*) FROM", check.detail));
    put(" having count(*) > 1) d", " HAVING count(*) > 1");
  } else if (check.kind == "foreign") {
    if (const auto second = sql.find(" union all "); second != std::string::npos) sql.resize(second);
    put("select count(*)", "SELECT c.*");
  } else if (check.kind == "exclusion") {
    put("select count(*)", "SELECT a.*, b.*");
  } else {
    return fmt::format("SELECT {} FROM ONLY {}", check.object, check.table);
  }
  return sql;
}

}  // namespace pgconvoy
