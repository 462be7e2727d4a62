#include "engine/facts/code.hpp"

#include <fmt/format.h>

#include "engine/facts/document.hpp"

namespace pgconvoy {
namespace {

// The parsed trees are long: split at the marks, which is several times as fast as a regular expression.
// A name in a tree can't hold a mark, its blanks are escaped.
constexpr const char* kUsed = R"sql(
  trees(tree) as materialized ({trees}),
  functions(oid) as (
    select distinct split_part(w, ' ', 1)::bigint from trees, (values (' :funcid '), (' :aggfnoid '), (' :winfnoid ')) k(mark),
           unnest((string_to_array(tree, mark))[2:]) w),
  operators(oid) as (select distinct split_part(w, ' ', 1)::bigint from trees, unnest((string_to_array(tree, ' :opno '))[2:]) w),
  columns(oid, numbers) as (
    select distinct split_part(w, ' ', 1)::bigint, substring(w from ':selectedCols [(]b ([0-9 ]*)[)]')
      from trees, unnest((string_to_array(tree, ' :relid '))[2:]) w where split_part(w, ' ', 1)::bigint between 1 and 16383))sql";

// Where a parsed tree is kept, from which version on.
struct KeptExpression {
  int since;
  const char* label;     // what people call it
  const char* owned_by;  // catalogue of `owner`, which goes when its extension goes
  const char* owner;
  const char* tree;
  const char* from;
  const char* join;  // what only the label and the owner need
  const char* where;
};

constexpr KeptExpression kExpressions[] = {
    {0,
     "case when r.rulename <> '_RETURN' then format('rule %I on ', r.rulename) when c.relkind = 'm' then 'materialized view ' else 'view ' end "
     "|| c.oid::regclass::text",
     "pg_class", "r.ev_class", "coalesce(r.ev_action::text, '') || ' ' || coalesce(r.ev_qual::text, '')", "pg_rewrite r",
     "join pg_class c on c.oid = r.ev_class", "r.oid >= 16384"},
    {0, "format('column %s.%I', d.adrelid::regclass, a.attname)", "pg_class", "d.adrelid", "d.adbin::text", "pg_attrdef d",
     "join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum", "true"},
    {0, "format('constraint %I on %s', c.conname, c.conrelid::regclass)", "pg_class", "c.conrelid", "c.conbin::text", "pg_constraint c", "",
     "c.oid >= 16384 and c.conbin is not null and c.contypid = 0"},
    {0, "format('constraint %I of domain %s', c.conname, c.contypid::regtype)", "pg_type", "c.contypid", "c.conbin::text", "pg_constraint c", "",
     "c.oid >= 16384 and c.conbin is not null and c.contypid <> 0"},
    {0, "'index ' || i.indexrelid::regclass::text", "pg_class", "i.indrelid", "coalesce(i.indexprs::text, '') || ' ' || coalesce(i.indpred::text, '')",
     "pg_index i", "", "i.indexrelid >= 16384 and (i.indexprs is not null or i.indpred is not null)"},
    {0, "format('policy %I on %s', p.polname, p.polrelid::regclass)", "pg_class", "p.polrelid",
     "coalesce(p.polqual::text, '') || ' ' || coalesce(p.polwithcheck::text, '')", "pg_policy p", "", "true"},
    {0, "format('trigger %I on %s', t.tgname, t.tgrelid::regclass)", "pg_class", "t.tgrelid", "t.tgqual::text", "pg_trigger t", "", "t.tgqual is not null"},
    {0, "'partition key of ' || p.partrelid::regclass::text", "pg_class", "p.partrelid", "p.partexprs::text", "pg_partitioned_table p", "",
     "p.partexprs is not null"},
    {0, "'default of an argument of ' || p.oid::regprocedure::text", "pg_proc", "p.oid", "p.proargdefaults::text", "pg_proc p", "",
     "p.oid >= 16384 and p.proargdefaults is not null"},
    {0, "'default of domain ' || t.oid::regtype::text", "pg_type", "t.oid", "t.typdefaultbin::text", "pg_type t", "",
     "t.oid >= 16384 and t.typtype = 'd' and t.typdefaultbin is not null"},
    {140000, "'statistics ' || format('%I.%I', n.nspname, s.stxname)", "pg_class", "s.stxrelid", "s.stxexprs::text", "pg_statistic_ext s",
     "join pg_namespace n on n.oid = s.stxnamespace", "s.stxexprs is not null"},
    {140000, "'function ' || p.oid::regprocedure::text", "pg_proc", "p.oid", "p.prosqlbody::text", "pg_proc p", "",
     "p.oid >= 16384 and p.prosqlbody is not null"},
    {150000, "format('publication %I, rows of %s', b.pubname, r.prrelid::regclass)", "pg_class", "r.prrelid", "r.prqual::text", "pg_publication_rel r",
     "join pg_publication b on b.oid = r.prpubid", "r.prqual is not null"},
};

// The trees alone: a check of every database needn't find the names that it won't say.
std::string trees_sql(int version) {
  std::vector<std::string> queries;
  for (const auto& kept : kExpressions)
    if (version >= kept.since) queries.push_back(fmt::format("select {} from {} where {}", kept.tree, kept.from, kept.where));
  return fmt::format("{}", fmt::join(queries, " union all "));
}

constexpr int kSourceBytes = 65536;  // of all routines together: more is read only where it may matter

}  // namespace

PGCONVOY_JSON_FIELDS(RoutineFact, name, language, source, returns_floats, evaluated_by)
PGCONVOY_JSON_FIELDS(CodeFacts, functions, operators, columns, defines_over_builtins, indexes_date_part, has_system_objects, returns_system_rows, evaluates_functions, own_functions, own_operators, routines, sources_read, sources)

SessionOptions catalogue_options() {
  SessionOptions options;
  options.application_name = "pgconvoy/facts";
  options.statement_limit = Seconds(30);
  options.lock_limit = Seconds(1);
  options.settings = {{"default_transaction_read_only", "on"}};
  return options;
}

Task<Result<json>> read_catalogue_document(const InquiryContext& context, std::string sql) {
  SessionOptions options = catalogue_options();
  CO_TRY(SessionPtr session, co_await context.open_source(context.database().database, std::move(options)));
  CO_TRY(const Rows answer, co_await session->query(std::move(sql)));
  co_return decode_document<json>(fmt::format("catalogue of database \"{}\"", context.database().database), answer);
}

int first_column(int version) { return version >= 120000 ? 7 : 8; }

std::string expressions_sql(int version) {
  std::vector<std::string> queries;
  for (const auto& kept : kExpressions)
    if (version >= kept.since)
      queries.push_back(fmt::format("select {}, '{}'::regclass, {}, {} from {} {} where {}", kept.label, kept.owned_by, kept.owner, kept.tree,
                                    kept.from, kept.join, kept.where));
  return fmt::format("{}", fmt::join(queries, "\n    union all\n    "));
}

std::string routine_sql() {
  return R"sql(json_build_object(
    'name', p.oid::regprocedure::text, 'language', l.lanname, 'source', p.prosrc,
    'returns_floats', p.proretset and (p.prorettype = 'float8'::regtype or coalesce('float8'::regtype = any(p.proallargtypes), false)),
    'evaluated_by', coalesce((
      select min(case d.classid
               when 'pg_class'::regclass then (select case when d.objsubid > 0 then 'generated column ' when c.relkind = 'p' then 'partition key of ' else 'index ' end
                                                        || c.oid::regclass::text
                                                 from pg_class c where c.oid = d.objid and (c.relkind in ('i', 'I', 'p') or d.objsubid > 0))
               when 'pg_constraint'::regclass then (select 'constraint ' || quote_ident(c.conname) from pg_constraint c
                                                     where c.oid = d.objid and c.contype = 'c' and c.convalidated)
               when 'pg_attrdef'::regclass then (select format('generated column %s.%I', a.attrelid::regclass, a.attname)
                                                   from pg_attrdef g join pg_attribute a on a.attrelid = g.adrelid and a.attnum = g.adnum
                                                  where g.oid = d.objid and a.attgenerated <> '')
               when 'pg_rewrite'::regclass then (select 'materialized view ' || c.oid::regclass::text from pg_rewrite r join pg_class c on c.oid = r.ev_class
                                                  where r.oid = d.objid and c.relkind = 'm' and c.relispopulated)
               end)
        from pg_depend d where d.refclassid = 'pg_proc'::regclass and d.refobjid = p.oid), '')))sql";
}

std::string code_sql(int version) {
  std::string used = kUsed;
  const std::string place = "{trees}";
  used.replace(used.find(place), place.size(), trees_sql(version));
  std::string sql = "(with" + used;
  sql += fmt::format(R"sql(
  select json_build_object(
    'functions', coalesce((select json_agg(case n.nspname when 'pg_catalog' then '' else n.nspname || '.' end || p.proname || '(' || oidvectortypes(p.proargtypes) || ')')
                             from pg_proc p join pg_namespace n on n.oid = p.pronamespace where p.oid in (select oid from functions) and p.oid < 16384), '[]'),
    'operators', coalesce((select json_agg(o.oprname || '(' || case o.oprleft when 0 then 'NONE' else format_type(o.oprleft, null) end || ', '
                                           || case o.oprright when 0 then 'NONE' else format_type(o.oprright, null) end || ')')
                             from pg_operator o where o.oid in (select oid from operators) and o.oid < 16384), '[]'),
    'columns', coalesce((select json_agg(distinct c.relname || '.' || a.attname)
                           from columns f, unnest(string_to_array(f.numbers, ' ')) number, pg_class c, pg_attribute a
                          where c.oid = f.oid and a.attrelid = f.oid and a.attnum = number::int - {0} and a.attnum > 0), '[]'),
    'indexes_date_part', case when exists (select from functions where oid in (select oid::bigint from pg_proc where proname = 'date_part')) then
                              exists (select from pg_index i, pg_proc p where i.indexrelid >= 16384 and (i.indexprs is not null or i.indpred is not null) and p.proname = 'date_part'
                                         and position(' :funcid ' || p.oid || ' ' in coalesce(i.indexprs::text, '') || coalesce(i.indpred::text, '')) > 0)
                              or exists (select from pg_partitioned_table t, pg_proc p where p.proname = 'date_part' and position(' :funcid ' || p.oid || ' ' in t.partexprs::text) > 0)
                         else false end))sql",
                     first_column(version));
  return sql + ')';
}

std::string code_rest_sql(int) {
  return fmt::format(R"sql((with
  system(oids) as materialized (select array_agg(oid) from pg_namespace where nspname = 'information_schema' or (nspname ~ '^pg_' and nspname !~ '^pg_(toast|temp)')),
  routines as (select count(*) as count, coalesce(sum(length(p.prosrc)), 0) <= {0} as short from {1})
  select json_build_object(
    'defines_over_builtins', exists (select from pg_aggregate where aggfnoid >= 16384) or exists (select from pg_operator where oid >= 16384)
                             or exists (select from pg_opclass where oid >= 16384) or exists (select from pg_cast where oid >= 16384)
                             or exists (select from pg_range where rngtypid >= 16384) or exists (select from pg_trigger where tgfoid < 16384 and not tgisinternal),
    'has_system_objects', exists (select from pg_conversion where oid >= 16384)
                          or exists (select from pg_proc where oid >= 16384 and pronamespace = any ((select oids from system)::oid[]))
                          or exists (select from pg_class where oid >= 16384 and relnamespace = any ((select oids from system)::oid[]))
                          or exists (select from pg_type where oid >= 16384 and typnamespace = any ((select oids from system)::oid[]))
                          or exists (select from pg_operator where oid >= 16384 and oprnamespace = any ((select oids from system)::oid[]))
                          or exists (select from pg_ts_config where oid >= 16384 and cfgnamespace = any ((select oids from system)::oid[]))
                          or exists (select from pg_ts_dict where oid >= 16384 and dictnamespace = any ((select oids from system)::oid[]))
                          or exists (select from pg_attribute a where a.attrelid >= 16384 and a.attnum > 0 and a.atttypid < 16384
                                      and (a.atttypid in (select t.oid from pg_type t where t.typtype = 'c' and t.oid < 16384 union all
                                                          select t.typarray from pg_type t where t.typtype = 'c' and t.oid < 16384)) is true)
                          or exists (select from pg_type d join pg_type t on t.oid = d.typbasetype where d.oid >= 16384 and t.typtype = 'c' and t.oid < 16384),
    'returns_system_rows', exists (select from pg_proc p join pg_type t on t.oid = p.prorettype where p.oid >= 16384 and t.typtype = 'c' and t.oid < 16384),
    'evaluates_functions', exists (select from pg_depend where refclassid in ('pg_proc'::regclass, 'pg_operator'::regclass) and refobjid >= 16384
                                      and classid in ('pg_constraint'::regclass, 'pg_attrdef'::regclass, 'pg_class'::regclass, 'pg_rewrite'::regclass)),
    'own_functions', coalesce((select json_agg(distinct p.proname) from pg_proc p
                                where p.oid >= 16384 and (select b.oid from pg_proc b where b.proname = p.proname and b.oid < 16384 limit 1) is not null), '[]'),
    'own_operators', coalesce((select json_agg(distinct o.oprname) from pg_operator o where o.oid >= 16384), '[]'),
    'routines', (select count from routines),
    'sources_read', (select short from routines),
    'sources', coalesce((select json_agg({2} order by p.oid) from {1} and (select short from routines)), '[]'))))sql",
                     kSourceBytes, kRoutinesFrom, routine_sql());
}

}  // namespace pgconvoy
