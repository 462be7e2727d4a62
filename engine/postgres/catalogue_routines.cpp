// Functions, procedures, aggregates and types.
#include "engine/postgres/catalogue.hpp"

namespace pgconvoy::catalogue {

namespace {

// A function's name; whether the server writes pg_catalog in front depends on how many overloads it has.
std::string function(const std::string& column) {
  return "replace(nullif(" + column + ", 0)::regproc::text, 'pg_catalog.', '')";
}

// pg_get_functiondef writes arguments of procedures differently since version 14, so the parts are put together here.
std::string routines(const Dialect& dialect) {
  const std::string kind = dialect.since(11, "p.prokind", "case when p.proisagg then 'a' when p.proiswindow then 'w' else 'f' end");
  const std::string body = dialect.both_since(14, "pg_get_function_sqlbody(p.oid)", "null");
  return R"(
select case )" + kind + R"( when 'a' then 'aggregate' when 'p' then 'procedure' else 'function' end as kind,
       p.oid::regprocedure::text as identity, 'schema ' || quote_ident(n.nspname) as parent,
       concat_ws('; ', )" + owner("p.proowner") + R"(,
         '(' || (select string_agg(concat_ws(' ', case u.m when 'i' then null when 'o' then 'out' when 'b' then 'inout'
                    when 'v' then 'variadic' when 't' then 'table' end, quote_ident(nullif(u.a, '')), format_type(u.t, null)), ', ' order by u.o)
            from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargmodes, p.proargnames)
                 with ordinality u(t, m, a, o)) || ')',
         'returns ' || case when p.proretset then 'setof ' else '' end || format_type(nullif(p.prorettype, 0), null),
         'defaults ' || pg_get_expr(p.proargdefaults, 0),
         'language ' || quote_ident(l.lanname),
         case p.provolatile when 'i' then 'immutable' when 's' then 'stable' end,
         case when )" + kind + R"( = 'w' then 'window' end,
         case when p.proisstrict then 'strict' end,
         case when p.prosecdef then 'security definer' end,
         case when p.proleakproof then 'leakproof' end,
         case p.proparallel when 's' then 'parallel safe' when 'r' then 'parallel restricted' end,
         'cost ' || p.procost, case when p.prorows <> 0 then 'rows ' || p.prorows end,
         )" + dialect.both_since(12, "'support ' || " + function("p.prosupport"), "null") + R"(,
         (select 'transform ' || string_agg(format_type(t, null), ', ') from unnest(p.protrftypes) t),
         (select 'sets ' || string_agg(split_part(s, '=', 1), ', ' order by s collate "C") from unnest(p.proconfig) s),
         (select concat_ws(', ', 'aggregate ' || g.aggkind::text, 'direct ' || g.aggnumdirectargs,
             'state ' || format_type(g.aggtranstype, null) || ' ' || g.aggtransspace, 'transition ' || )" + function("g.aggtransfn") + R"(,
             'final ' || )" + function("g.aggfinalfn") + R"( || case when g.aggfinalextra then ' extra' else '' end,
             'combine ' || )" + function("g.aggcombinefn") + R"(, 'serial ' || )" + function("g.aggserialfn") + R"(, 'deserial ' || )" + function("g.aggdeserialfn") + R"(,
             'moving ' || )" + function("g.aggmtransfn") + R"(, 'moving inverse ' || )" + function("g.aggminvtransfn") + R"(, 'moving final ' || )" + function("g.aggmfinalfn") + R"(,
             'moving state ' || format_type(nullif(g.aggmtranstype, 0), null), 'sort ' || nullif(g.aggsortop, 0)::regoper::text,
             'initial ' || g.agginitval, 'moving initial ' || g.aggminitval)"
             + dialect.both_since(11, ", 'modifies ' || g.aggfinalmodify::text || g.aggmfinalmodify::text", "") + R"()
            from pg_aggregate g where g.aggfnoid = p.oid)) as definition,
       concat_ws(chr(10), p.prosrc, p.probin, )" + body + R"(, (select string_agg(s, ', ' order by s collate "C") from unnest(p.proconfig) s)) as hidden
  from pg_proc p
  join pg_namespace n on n.oid = p.pronamespace
  join pg_language l on l.oid = p.prolang
 where )" + user_schema("n") + R"(
   and not exists (select from pg_depend m where m.classid = 'pg_proc'::regclass and m.objid = p.oid and m.deptype in ('e', 'i'));
)";
}

// Array types, row types of tables and multiranges come with something else.
std::string types(const Dialect& dialect) {
  return R"(
select 'type' as kind, format('%I.%I', n.nspname, t.typname) as identity, 'schema ' || quote_ident(n.nspname) as parent,
       concat_ws('; ', )" + owner("t.typowner") + R"(,
         case t.typtype when 'e' then 'enum (' || coalesce((select string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder)
                             from pg_enum e where e.enumtypid = t.oid), '') || ')'
           when 'c' then 'composite (' || coalesce((select string_agg(concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
                             case when a.attcollation <> at.typcollation then 'collate ' || (select quote_ident(co.collname) from pg_collation co where co.oid = a.attcollation) end),
                             ', ' order by a.attnum) from pg_attribute a join pg_type at on at.oid = a.atttypid
                             where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped), '') || ')'
           when 'd' then concat_ws(' ', 'domain', format_type(t.typbasetype, t.typtypmod), case when t.typnotnull then 'not null' end,
                             'default ' || pg_get_expr(t.typdefaultbin, 0),
                             (select 'collate ' || format('%I.%I', cn.nspname, co.collname) from pg_collation co join pg_namespace cn on cn.oid = co.collnamespace
                               where co.oid = t.typcollation and t.typcollation <> bt.typcollation))
           when 'r' then (select concat_ws(' ', 'range of', format_type(r.rngsubtype, null), 'opclass', quote_ident(oc.opcname),
                             'collation ' || (select format('%I.%I', cn.nspname, co.collname) from pg_collation co join pg_namespace cn on cn.oid = co.collnamespace where co.oid = r.rngcollation),
                             'canonical ' || )" + function("r.rngcanonical") + R"(, 'diff ' || )" + function("r.rngsubdiff") +
                             dialect.both_since(14, ", 'multirange ' || format_type(r.rngmultitypid, null)", "") + R"()
                             from pg_range r join pg_opclass oc on oc.oid = r.rngsubopc where r.rngtypid = t.oid)
           when 'b' then concat_ws(' ', 'base', 'input', t.typinput::oid::regproc, 'output', t.typoutput::oid::regproc, 'receive ' || )" + function("t.typreceive::oid") + R"(,
                             'send ' || )" + function("t.typsend::oid") + R"(, 'typmod ' || )" + function("t.typmodin::oid") + R"(, 'analyze ' || )" + function("t.typanalyze::oid") + R"(,
                             'length', t.typlen, 'by value', t.typbyval, 'align', t.typalign, 'storage', t.typstorage, 'category', t.typcategory,
                             'preferred', t.typispreferred, 'delimiter', t.typdelim, 'element ' || format_type(nullif(t.typelem, 0), null),
                             'default ' || t.typdefault, 'collatable', t.typcollation <> 0)
           else 'shell' end) as definition, null as hidden
  from pg_type t
  join pg_namespace n on n.oid = t.typnamespace
  left join pg_type bt on bt.oid = t.typbasetype
 where t.typtype <> 'm' and )" + user_schema("n") + " and " + own("pg_type", "t.oid") + R"(
   and (t.typrelid = 0 or exists (select from pg_class c where c.oid = t.typrelid and c.relkind = 'c'))
   and not exists (select from pg_type e where e.oid = t.typelem and e.typarray = t.oid);
)";
}

}  // namespace

std::string routines_and_types_sql(const Dialect& dialect) { return routines(dialect) + types(dialect); }

}  // namespace pgconvoy::catalogue
