// Schemas, tables, views, sequences and columns.
#include "engine/postgres/catalogue.hpp"

namespace pgconvoy::catalogue {

namespace {

// `public` belongs to who the server gives it to: the first superuser, since 15 pg_database_owner. Only a superuser may
// change that in a restored database.
std::string schemas(const Dialect& dialect) {
  const std::string whose = dialect.superusers ? owner("n.nspowner")
                                               : dialect.both_since(15, owner("n.nspowner"),
                                                                    "case when n.oid = 2200 and (n.nspowner = 10 or "
                                                                    "pg_get_userbyid(n.nspowner) = 'pg_database_owner') then "
                                                                    "'owner as the server has it' else " +
                                                                        owner("n.nspowner") + " end");
  return R"(
select 'schema' as kind, quote_ident(n.nspname) as identity, '' as parent,
       )" + whose + R"( as definition, null as hidden
  from pg_namespace n
 where )" + user_schema("n") + " and " + own("pg_namespace", "n.oid") + ";\n";
}

std::string tables_and_views(const Dialect& dialect) {
  return R"(
select )" + relation_kind("c") + R"( as kind, format('%I.%I', n.nspname, c.relname) as identity,
       'schema ' || quote_ident(n.nspname) as parent,
       concat_ws('; ', )" + owner("c.relowner") + R"(,
         case when c.relpersistence = 'u' then 'unlogged' end,
         case when c.relkind = 'p' then 'partition by ' || pg_get_partkeydef(c.oid) end,
         (select case when c.relispartition then 'partition of ' else 'inherits ' end ||
                 string_agg(format('%I.%I', pn.nspname, p.relname), ', ' order by i.inhseqno)
            from pg_inherits i join pg_class p on p.oid = i.inhparent join pg_namespace pn on pn.oid = p.relnamespace
           where i.inhrelid = c.oid),
         case when c.relispartition then pg_get_expr(c.relpartbound, c.oid) end,
         case when c.reloftype <> 0 then 'of type ' || format_type(c.reloftype, null) end,
         )" + sorted_options("c.reloptions", "options") + R"(,
         )" + sorted_options("(select t.reloptions from pg_class t where t.oid = c.reltoastrelid)", "toast options") + R"(,
         case when c.relrowsecurity then 'row security enabled' end,
         case when c.relforcerowsecurity then 'row security forced' end,
         case when c.relkind in ('r', 'p', 'm') and c.relreplident in ('n', 'f')
              then 'replica identity ' || case c.relreplident when 'n' then 'nothing' else 'full' end end,
         'tablespace ' || (select quote_ident(s.spcname) from pg_tablespace s where s.oid = c.reltablespace),
         )" + dialect.both_since(12, "'using ' || (select quote_ident(m.amname) from pg_am m where m.oid = c.relam and m.amname <> 'heap')", "null") + R"(,
         'server ' || quote_ident(fs.srvname),
         case when c.relkind = 'm' and not c.relispopulated then 'not populated' end,
         case when c.relkind in ('v', 'm') then (select 'columns (' || string_agg(
             quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod), ', ' order by a.attnum) || ')'
            from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) end,
         case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end) as definition,
       )" + sorted_options("ft.ftoptions", "options") + R"( as hidden
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  left join pg_foreign_table ft on ft.ftrelid = c.oid
  left join pg_foreign_server fs on fs.oid = ft.ftserver
 where c.relkind in ('r', 'p', 'v', 'm', 'f') and )" + user_schema("n") + " and " + own("pg_class", "c.oid") + ";\n";
}

// The value is read by a query made from the name: the only one there is for `is_called` before version 18.
std::string sequences(const Dialect& dialect) {
  const std::string value = dialect.sequence_values
                                ? R"(substring(query_to_xml(format('select %L || last_value || case when is_called then %L else %L end as v from %I.%I',
                   'last value ', ', used', ', not used yet', n.nspname, c.relname), true, true, '')::text
                   from '<v>(.*)</v>'))"
                                : "null";
  return R"(
select 'sequence' as kind, format('%I.%I', n.nspname, c.relname) as identity,
       'schema ' || quote_ident(n.nspname) as parent,
       concat_ws('; ', case when ext.objid is null then )" + owner("c.relowner") + R"( end,
         )" + dialect.both_since(15, "case when c.relpersistence = 'u' then 'unlogged' end", "null") + R"(,
         )" + value + R"(,
         format('%s start %s increment %s minimum %s maximum %s cache %s', format_type(s.seqtypid, null), s.seqstart,
                s.seqincrement, s.seqmin, s.seqmax, s.seqcache),
         case when s.seqcycle then 'cycle' end,
         (select 'owned by ' || format('%I.%I.%I', tn.nspname, t.relname, a.attname)
            from pg_depend d join pg_class t on t.oid = d.refobjid join pg_namespace tn on tn.oid = t.relnamespace
            join pg_attribute a on a.attrelid = t.oid and a.attnum = d.refobjsubid
           where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.objsubid = 0
             and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i') limit 1)) as definition,
       null as hidden
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  join pg_sequence s on s.seqrelid = c.oid
  left join pg_depend ext on ext.classid = 'pg_class'::regclass and ext.objid = c.oid and ext.deptype = 'e'
 where c.relkind = 'S' and )" + user_schema("n") + R"(
   and (ext.objid is null or exists (select from pg_extension e where c.oid = any (e.extconfig)));
)";
}

// A child by INHERITS gets its inherited columns first when it is restored, so its order is not compared.
std::string columns(const Dialect& dialect) {
  const std::string generated = dialect.since(12, "a.attgenerated", "''::\"char\"");
  return R"(
select 'column' as kind, format('%I.%I.%I', n.nspname, c.relname, a.attname) as identity,
       )" + relation_kind("c") + R"( || ' ' || format('%I.%I', n.nspname, c.relname) as parent,
       concat_ws('; ',
         case when c.relispartition or not exists (select from pg_inherits i where i.inhrelid = c.oid)
              then 'position ' || row_number() over (partition by a.attrelid order by a.attnum) end,
         format_type(a.atttypid, a.atttypmod),
         case when a.attcollation <> t.typcollation then (select 'collate ' || format('%I.%I', cn.nspname, co.collname)
                from pg_collation co join pg_namespace cn on cn.oid = co.collnamespace where co.oid = a.attcollation) end,
         case when a.attnotnull then 'not null' end,
         case when )" + generated + R"( = 's' then 'generated stored ' when )" + generated + R"( = 'v' then 'generated virtual '
              else 'default ' end || pg_get_expr(d.adbin, d.adrelid),
         case a.attidentity when 'a' then 'identity always' when 'd' then 'identity by default' end,
         case when a.attstorage <> t.typstorage then 'storage ' || case a.attstorage when 'p' then 'plain'
              when 'e' then 'external' when 'm' then 'main' else 'extended' end end,
         )" + dialect.both_since(14, "case a.attcompression when 'p' then 'compression pglz' when 'l' then 'compression lz4' end", "null") + R"(,
         case when a.attstattarget >= 0 then 'statistics ' || a.attstattarget end,
         )" + sorted_options("a.attoptions", "options") + R"() as definition,
       )" + sorted_options("a.attfdwoptions", "options") + R"( as hidden
  from pg_attribute a
  join pg_class c on c.oid = a.attrelid
  join pg_namespace n on n.oid = c.relnamespace
  join pg_type t on t.oid = a.atttypid
  left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
 where c.relkind in ('r', 'p', 'f') and a.attnum > 0 and not a.attisdropped
   and )" + user_schema("n") + " and " + own("pg_class", "c.oid") + R"(
union all
select 'column', format('%I.%I.%I', n.nspname, c.relname, a.attname),
       )" + relation_kind("c") + R"( || ' ' || format('%I.%I', n.nspname, c.relname),
       concat_ws('; ', 'default ' || pg_get_expr(d.adbin, d.adrelid),
         case when c.relkind = 'm' and a.attstorage <> t.typstorage then 'storage ' || a.attstorage::text end,
         case when a.attstattarget >= 0 then 'statistics ' || a.attstattarget end,
         )" + sorted_options("a.attoptions", "options") + R"(), null
  from pg_attribute a
  join pg_class c on c.oid = a.attrelid
  join pg_namespace n on n.oid = c.relnamespace
  join pg_type t on t.oid = a.atttypid
  left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
 where c.relkind in ('v', 'm') and a.attnum > 0 and not a.attisdropped
   and (d.adrelid is not null or a.attstattarget >= 0
        or exists (select from unnest(a.attoptions) o where o !~ '^pg_attver=')
        or c.relkind = 'm' and a.attstorage <> t.typstorage)
   and )" + user_schema("n") + " and " + own("pg_class", "c.oid") + ";\n";
}

}  // namespace

std::string relations_sql(const Dialect& dialect) {
  return schemas(dialect) + tables_and_views(dialect) + sequences(dialect) + columns(dialect);
}

}  // namespace pgconvoy::catalogue
