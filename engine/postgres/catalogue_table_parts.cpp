// What hangs on tables: indexes, constraints, triggers, rules, policies, extended statistics.
#include "engine/postgres/catalogue.hpp"

namespace pgconvoy::catalogue {

namespace {

const char* table_name = "format('%I.%I', n.nspname, c.relname)";

std::string parent() { return relation_kind("c") + " || ' ' || " + table_name; }

// State of an index beside its definition; `i` is pg_index and `x` its pg_class.
const char* index_state = R"(
         case when not i.indisvalid then 'invalid' end,
         case when i.indisclustered then 'clustered' end,
         case when i.indisreplident then 'replica identity' end,
         'tablespace ' || (select quote_ident(s.spcname) from pg_tablespace s where s.oid = x.reltablespace),
         (select 'statistics ' || string_agg(a.attnum || '=' || a.attstattarget, ', ' order by a.attnum)
            from pg_attribute a where a.attrelid = x.oid and a.attstattarget >= 0),
         (select 'part of ' || format('%I.%I', pn.nspname, p.relname)
            from pg_inherits h join pg_class p on p.oid = h.inhparent join pg_namespace pn on pn.oid = p.relnamespace
           where h.inhrelid = x.oid))";

// An index that backs a constraint is told with the constraint. pg_dump leaves invalid ones out.
std::string indexes(const Dialect& dialect) {
  return R"(
select 'index' as kind, format('%I.%I', xn.nspname, x.relname) as identity, )" + parent() + R"( as parent,
       concat_ws('; ', pg_get_indexdef(i.indexrelid),)" + index_state + R"() as definition, null as hidden
  from pg_index i
  join pg_class x on x.oid = i.indexrelid
  join pg_namespace xn on xn.oid = x.relnamespace
  join pg_class c on c.oid = i.indrelid
  join pg_namespace n on n.oid = c.relnamespace
 where not exists (select from pg_constraint k where k.conindid = x.oid and k.contype in ('p', 'u', 'x'))
   and )" + user_schema("n") + " and " + own("pg_class", "c.oid") +
         (dialect.source ? " and (i.indisvalid or c.relkind = 'p')" : "") + ";\n";
}

// A foreign key's copies on partitions are named by the server anew, and stand for nothing of their own.
std::string constraints(const Dialect& dialect) {
  return R"(
select 'constraint' as kind, format('%I on ', k.conname) || )" + std::string(table_name) + R"( as identity, )" + parent() + R"( as parent,
       concat_ws('; ', pg_get_constraintdef(k.oid), )" + sorted_options("x.reloptions", "index options") + "," + index_state + R"() as definition,
       null as hidden
  from pg_constraint k
  join pg_class c on c.oid = k.conrelid
  join pg_namespace n on n.oid = c.relnamespace
  left join pg_index i on i.indexrelid = k.conindid and k.contype in ('p', 'u', 'x')
  left join pg_class x on x.oid = i.indexrelid
 where k.contype in ('c', 'f', 'p', 'u', 'x') and c.relkind in ('r', 'p', 'f', 'm'))" +
         dialect.since(11, " and not (k.contype = 'f' and k.conparentid <> 0)", "") + R"(
   and )" + user_schema("n") + " and " + own("pg_class", "c.oid") + R"(
union all
select 'constraint', format('%I on %I.%I', k.conname, n.nspname, t.typname), 'type ' || format('%I.%I', n.nspname, t.typname),
       pg_get_constraintdef(k.oid), null
  from pg_constraint k
  join pg_type t on t.oid = k.contypid
  join pg_namespace n on n.oid = t.typnamespace
 where k.contype = 'c' and )" + user_schema("n") + " and " + own("pg_type", "t.oid") + ";\n";
}

// The servers mark copies of a trigger on partitions differently, so the filter looks at what triggers are for.
std::string triggers(const Dialect& dialect) {
  return R"(
select 'trigger' as kind, format('%I on ', g.tgname) || )" + std::string(table_name) + R"( as identity, )" + parent() + R"( as parent,
       concat_ws('; ', )" + dialect.since(12, "pg_get_triggerdef(g.oid)", "replace(pg_get_triggerdef(g.oid), ' EXECUTE PROCEDURE ', ' EXECUTE FUNCTION ')") + R"(,
         case g.tgenabled when 'D' then 'disabled' when 'R' then 'enabled on replicas' when 'A' then 'enabled always' end)
       as definition, null as hidden
  from pg_trigger g
  join pg_class c on c.oid = g.tgrelid
  join pg_namespace n on n.oid = c.relnamespace
 where not exists (select from pg_constraint k where k.oid = g.tgconstraint and k.contype <> 't')
   and not (g.tgisinternal and g.tgconstraint <> 0 and not exists (select from pg_constraint k where k.oid = g.tgconstraint))
   and )" + user_schema("n") + " and " + own("pg_class", "c.oid") + ";\n";
}

std::string rules(const Dialect&) {
  return R"(
select 'rule' as kind, format('%I on ', r.rulename) || )" + std::string(table_name) + R"( as identity, )" + parent() + R"( as parent,
       concat_ws('; ', pg_get_ruledef(r.oid),
         case r.ev_enabled when 'D' then 'disabled' when 'R' then 'enabled on replicas' when 'A' then 'enabled always' end)
       as definition, null as hidden
  from pg_rewrite r
  join pg_class c on c.oid = r.ev_class
  join pg_namespace n on n.oid = c.relnamespace
 where r.rulename <> '_RETURN' and )" + user_schema("n") + " and " + own("pg_class", "c.oid") + ";\n";
}

std::string policies(const Dialect&) {
  return R"(
select 'policy' as kind, format('%I on ', p.polname) || )" + std::string(table_name) + R"( as identity, )" + parent() + R"( as parent,
       concat_ws('; ', case when p.polpermissive then 'permissive' else 'restrictive' end,
         'for ' || case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
         'to ' || (select string_agg(case when r = 0 then 'PUBLIC' else quote_ident(pg_get_userbyid(r)) end, ', '
                     order by case when r = 0 then '' else pg_get_userbyid(r)::text end collate "C") from unnest(p.polroles) r),
         'using ' || pg_get_expr(p.polqual, p.polrelid), 'with check ' || pg_get_expr(p.polwithcheck, p.polrelid))
       as definition, null as hidden
  from pg_policy p
  join pg_class c on c.oid = p.polrelid
  join pg_namespace n on n.oid = c.relnamespace
 where )" + user_schema("n") + " and " + own("pg_class", "c.oid") + ";\n";
}

// All kinds of its version are one word: a definition without kinds means whatever the server knows.
std::string extended_statistics(const Dialect& dialect) {
  const std::string kinds = dialect.since(12, "array['d', 'f', 'm']", "array['d', 'f']");
  return R"(
select 'statistics object' as kind, format('%I.%I', sn.nspname, s.stxname) as identity, )" + parent() + R"( as parent,
       concat_ws('; ', )" + owner("s.stxowner") + R"(,
         case when s.stxkind::text[] @> )" + kinds + R"( then 'all kinds'
              else (select 'kinds ' || string_agg(k, ',' order by k collate "C") from unnest(s.stxkind::text[]) k where k <> 'e') end,
         (select 'columns ' || string_agg(quote_ident(a.attname), ', ' order by a.attnum) from pg_attribute a
           where a.attrelid = c.oid and a.attnum = any (s.stxkeys::int2[])),
         )" + dialect.since(14, "'expressions ' || array_to_string(pg_get_statisticsobjdef_expressions(s.oid), ', ')", "null") + R"(,
         )" + dialect.both_since(13, "case when s.stxstattarget >= 0 then 'target ' || s.stxstattarget end", "null") + R"(,
         'on ' || )" + table_name + R"() as definition, null as hidden
  from pg_statistic_ext s
  join pg_namespace sn on sn.oid = s.stxnamespace
  join pg_class c on c.oid = s.stxrelid
  join pg_namespace n on n.oid = c.relnamespace
 where )" + user_schema("n") + " and " + own("pg_statistic_ext", "s.oid") + ";\n";
}

}  // namespace

std::string table_parts_sql(const Dialect& dialect) {
  return indexes(dialect) + constraints(dialect) + triggers(dialect) + rules(dialect) + policies(dialect) +
         extended_statistics(dialect);
}

}  // namespace pgconvoy::catalogue
