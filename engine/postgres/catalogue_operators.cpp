// Operators and what gives them meaning: classes, families, casts, collations, conversions, text search.
#include "engine/postgres/catalogue.hpp"

namespace pgconvoy::catalogue {

namespace {

std::string members(const std::string& condition_of_operators, const std::string& condition_of_functions) {
  return R"((select string_agg(w, ', ' order by w collate "C") from (
            select o.amopstrategy || ' ' || replace(o.amopopr::regoperator::text, 'pg_catalog.', '') || ' ' || o.amoppurpose::text as w
              from pg_amop o where )" + condition_of_operators + R"(
            union all
            select 'function ' || p.amprocnum || ' ' || format_type(p.amproclefttype, null) || ' ' || format_type(p.amprocrighttype, null)
                   || ' ' || replace(p.amproc::oid::regproc::text, 'pg_catalog.', '')
              from pg_amproc p where )" + condition_of_functions + ") as q(w))";
}

std::string operators() {
  return R"(
select 'operator' as kind, o.oid::regoperator::text as identity, 'schema ' || quote_ident(n.nspname) as parent,
       concat_ws('; ', )" + owner("o.oprowner") + R"(, 'returns ' || format_type(nullif(o.oprresult, 0), null),
         'function ' || replace(nullif(o.oprcode::oid, 0)::regproc::text, 'pg_catalog.', ''),
         'commutator ' || nullif(o.oprcom, 0)::regoperator::text, 'negator ' || nullif(o.oprnegate, 0)::regoperator::text,
         'restrict ' || nullif(o.oprrest::oid, 0)::regproc::text, 'join ' || nullif(o.oprjoin::oid, 0)::regproc::text,
         case when o.oprcanhash then 'hashes' end, case when o.oprcanmerge then 'merges' end) as definition, null as hidden
  from pg_operator o join pg_namespace n on n.oid = o.oprnamespace
 where )" + user_schema("n") + " and " + own("pg_operator", "o.oid") + R"(
union all
select 'operator class', format('%I.%I USING %I', n.nspname, c.opcname, m.amname), format('operator family %I.%I USING %I', fn.nspname, f.opfname, m.amname),
       concat_ws('; ', )" + owner("c.opcowner") + R"(, 'for type ' || format_type(c.opcintype, null), case when c.opcdefault then 'default' end,
         'storage ' || format_type(nullif(c.opckeytype, 0), null), 'family ' || format('%I.%I', fn.nspname, f.opfname),
         )" + members("o.amopfamily = c.opcfamily and o.amoplefttype = c.opcintype and o.amoprighttype = c.opcintype",
                      "p.amprocfamily = c.opcfamily and p.amproclefttype = c.opcintype and p.amprocrighttype = c.opcintype") + R"(), null
  from pg_opclass c join pg_namespace n on n.oid = c.opcnamespace join pg_am m on m.oid = c.opcmethod
  join pg_opfamily f on f.oid = c.opcfamily join pg_namespace fn on fn.oid = f.opfnamespace
 where )" + user_schema("n") + " and " + own("pg_opclass", "c.oid") + R"(
union all
select 'operator family', format('%I.%I USING %I', n.nspname, f.opfname, m.amname), 'schema ' || quote_ident(n.nspname),
       concat_ws('; ', )" + owner("f.opfowner") + ", " +
         members("o.amopfamily = f.oid", "p.amprocfamily = f.oid") + R"(), null
  from pg_opfamily f join pg_namespace n on n.oid = f.opfnamespace join pg_am m on m.oid = f.opfmethod
 where )" + user_schema("n") + " and " + own("pg_opfamily", "f.oid") + R"(
union all
select 'cast', format('(%s AS %s)', format_type(c.castsource, null), format_type(c.casttarget, null)), '',
       concat_ws('; ', 'function ' || nullif(c.castfunc, 0)::regprocedure::text, 'context ' || c.castcontext::text, 'method ' || c.castmethod::text), null
  from pg_cast c
 where c.oid >= 16384
   and not exists (select from pg_depend m where m.classid = 'pg_cast'::regclass and m.objid = c.oid and m.deptype in ('e', 'i'));
)";
}

// collversion is the library's on that machine; an ICU locale has lived in three columns.
std::string collations(const Dialect& dialect) {
  const std::string locale = dialect.version >= 170000   ? "case when l.collprovider = 'c' then concat_ws(' ', l.collcollate, l.collctype) else l.colllocale end"
                             : dialect.version >= 150000 ? "case when l.collprovider = 'c' then concat_ws(' ', l.collcollate, l.collctype) else l.colliculocale end"
                                                         : "case when l.collprovider = 'c' then concat_ws(' ', l.collcollate, l.collctype) else l.collcollate end";
  return R"(
select 'collation' as kind, format('%I.%I', n.nspname, l.collname) as identity, 'schema ' || quote_ident(n.nspname) as parent,
       concat_ws('; ', )" + owner("l.collowner") + R"(, 'provider ' || case l.collprovider when 'i' then 'icu' when 'c' then 'libc' else l.collprovider::text end,
         'locale ' || )" + locale + R"(,
         )" + dialect.both_since(12, "case when not l.collisdeterministic then 'not deterministic' end", "null") + R"(,
         )" + dialect.both_since(16, "'rules ' || l.collicurules", "null") + R"(,
         case when l.collencoding >= 0 and l.collencoding <> (select d.encoding from pg_database d where d.datname = current_database()) then 'encoding ' || pg_encoding_to_char(l.collencoding) end) as definition, null as hidden
  from pg_collation l join pg_namespace n on n.oid = l.collnamespace
 where )" + user_schema("n") + " and " + own("pg_collation", "l.oid") + R"(
union all
select 'conversion', format('%I.%I', n.nspname, c.conname), 'schema ' || quote_ident(n.nspname),
       concat_ws('; ', )" + owner("c.conowner") + R"(, pg_encoding_to_char(c.conforencoding) || ' to ' || pg_encoding_to_char(c.contoencoding),
         'function ' || replace(c.conproc::oid::regproc::text, 'pg_catalog.', ''), case when c.condefault then 'default' end), null
  from pg_conversion c join pg_namespace n on n.oid = c.connamespace
 where )" + user_schema("n") + " and " + own("pg_conversion", "c.oid") + ";\n";
}

std::string text_search() {
  return R"(
select 'text search parser' as kind, format('%I.%I', n.nspname, p.prsname) as identity, 'schema ' || quote_ident(n.nspname) as parent,
       concat_ws(' ', p.prsstart, p.prstoken, p.prsend, p.prsheadline, p.prslextype) as definition, null as hidden
  from pg_ts_parser p join pg_namespace n on n.oid = p.prsnamespace
 where )" + user_schema("n") + " and " + own("pg_ts_parser", "p.oid") + R"(
union all
select 'text search template', format('%I.%I', n.nspname, t.tmplname), 'schema ' || quote_ident(n.nspname),
       concat_ws(' ', t.tmplinit, t.tmpllexize), null
  from pg_ts_template t join pg_namespace n on n.oid = t.tmplnamespace
 where )" + user_schema("n") + " and " + own("pg_ts_template", "t.oid") + R"(
union all
select 'text search dictionary', format('%I.%I', n.nspname, d.dictname), 'schema ' || quote_ident(n.nspname),
       concat_ws('; ', )" + owner("d.dictowner") + R"(, 'template ' || (select format('%I.%I', tn.nspname, t.tmplname) from pg_ts_template t
         join pg_namespace tn on tn.oid = t.tmplnamespace where t.oid = d.dicttemplate), 'options ' || d.dictinitoption), null
  from pg_ts_dict d join pg_namespace n on n.oid = d.dictnamespace
 where )" + user_schema("n") + " and " + own("pg_ts_dict", "d.oid") + R"(
union all
select 'text search configuration', format('%I.%I', n.nspname, c.cfgname), 'schema ' || quote_ident(n.nspname),
       concat_ws('; ', )" + owner("c.cfgowner") + R"(, 'parser ' || (select format('%I.%I', pn.nspname, p.prsname) from pg_ts_parser p
           join pg_namespace pn on pn.oid = p.prsnamespace where p.oid = c.cfgparser),
         (select string_agg(m.maptokentype || ' ' || m.mapdict::regdictionary::text, ', ' order by m.maptokentype, m.mapseqno)
            from pg_ts_config_map m where m.mapcfg = c.oid)), null
  from pg_ts_config c join pg_namespace n on n.oid = c.cfgnamespace
 where )" + user_schema("n") + " and " + own("pg_ts_config", "c.oid") + ";\n";
}

}  // namespace

std::string operators_sql(const Dialect& dialect) { return operators() + collations(dialect) + text_search(); }

}  // namespace pgconvoy::catalogue
