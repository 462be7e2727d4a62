#include "engine/facts/removed_code.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "engine/facts/builtins.hpp"
#include "engine/facts/part.hpp"
#include "engine/facts/removed_names.hpp"
#include "engine/facts/view_columns.hpp"

namespace pgconvoy {
namespace {

constexpr int kMostObjects = 200, kMostSources = 200, kMostViews = 200, kLongestTree = 262144;

// $1: {"functions": [...], "operators": [...], "columns": [...]}, signatures as in CodeFacts.
constexpr const char* kUses = R"sql(
with wanted(kind, name) as (
  select k.kind, n from (values ('function', 'functions'), ('operator', 'operators'), ('column', 'columns')) k(kind, list),
         json_array_elements_text($1::json -> k.list) n),
expressions as materialized (
  select x.object, x.tree from ({expressions}) x(object, class, id, tree)
   where x.id >= 16384 and (x.class, x.id) not in (select classid, objid from pg_depend where deptype = 'e')),
functions(oid, name) as (
  select p.oid, w.name from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    join wanted w on w.kind = 'function'
     and w.name = case n.nspname when 'pg_catalog' then '' else n.nspname || '.' end || p.proname || '(' || oidvectortypes(p.proargtypes) || ')'
   where p.oid < 16384),
operators(oid, name) as (
  select o.oid, w.name from pg_operator o join wanted w on w.kind = 'operator'
     and w.name = o.oprname || '(' || case o.oprleft when 0 then 'NONE' else format_type(o.oprleft, null) end || ', '
                  || case o.oprright when 0 then 'NONE' else format_type(o.oprright, null) end || ')'
   where o.oid < 16384),
columns(oid, number, name) as (
  select c.oid, a.attnum, w.name from pg_class c join pg_attribute a on a.attrelid = c.oid
    join wanted w on w.kind = 'column' and w.name = c.relname || '.' || a.attname
   where c.oid < 16384 and a.attnum > 0),
uses(object, use) as (
  select e.object, 'function ' || f.name from expressions e, functions f, (values (' :funcid '), (' :aggfnoid '), (' :winfnoid ')) k(mark)
   where position(k.mark || f.oid || ' ' in e.tree) > 0
  union
  select e.object, 'operator ' || o.name from expressions e, operators o where position(' :opno ' || o.oid || ' ' in e.tree) > 0
  union
  select e.object, 'column ' || c.name
    from expressions e, columns c, unnest((string_to_array(e.tree, ' :relid ' || c.oid || ' '))[2:]) w
   where c.number + {first} = any (string_to_array(substring(split_part(w, ' :relid ', 1) from ':selectedCols [(]b ([0-9 ]*)[)]'), ' ')::int[])),
objects as (select object, json_agg(use order by use) as uses from uses group by object),
most as (select * from objects order by object limit {most})
select json_build_object('uses', coalesce((select json_agg(json_build_object('object', object, 'uses', uses) order by object) from most), '[]'),
                         'more_uses', (select count(*) from objects) - (select count(*) from most)))sql";

// Support functions of an aggregate are looked up by the types of its state and arguments. Those of an operator, a
// cast, an operator class must have exactly the types.
constexpr const char* kDefinitions = R"sql(
with
  defined(class, id, object, clause, function, operator, exact) as (
    select 'pg_proc'::regclass, a.aggfnoid::oid, 'aggregate ' || a.aggfnoid::oid::regprocedure::text, f.clause, f.function, 0::oid,
           exists (select from pg_type t where t.typtype = 'p' and t.typname like 'any%' and (t.oid = f.state or t.oid = any(p.proargtypes)))
      from pg_aggregate a join pg_proc p on p.oid = a.aggfnoid,
           lateral (values ('SFUNC', a.aggtransfn, a.aggtranstype), ('FINALFUNC', a.aggfinalfn, a.aggtranstype),
                           ('COMBINEFUNC', a.aggcombinefn, a.aggtranstype), ('SERIALFUNC', a.aggserialfn, a.aggtranstype),
                           ('DESERIALFUNC', a.aggdeserialfn, a.aggtranstype), ('MSFUNC', a.aggmtransfn, a.aggmtranstype),
                           ('MINVFUNC', a.aggminvtransfn, a.aggmtranstype), ('MFINALFUNC', a.aggmfinalfn, a.aggmtranstype)) f(clause, function, state)
     where p.oid >= 16384 and f.function::oid between 1 and 16383
    union all
    select 'pg_proc'::regclass, a.aggfnoid::oid, 'aggregate ' || a.aggfnoid::oid::regprocedure::text, 'SORTOP', 0, a.aggsortop, true
      from pg_aggregate a where a.aggfnoid >= 16384 and a.aggsortop between 1 and 16383
    union all
    select 'pg_operator'::regclass, o.oid, 'operator ' || o.oid::regoperator::text, f.clause, f.function, 0, true
      from pg_operator o, lateral (values ('FUNCTION', o.oprcode), ('RESTRICT', o.oprrest), ('JOIN', o.oprjoin)) f(clause, function)
     where o.oid >= 16384 and f.function::oid between 1 and 16383
    union all
    select 'pg_opfamily'::regclass, f.oid, format('operator family %I.%I', n.nspname, f.opfname), 'OPERATOR', 0, a.amopopr, true
      from pg_amop a join pg_opfamily f on f.oid = a.amopfamily join pg_namespace n on n.oid = f.opfnamespace
     where a.oid >= 16384 and a.amopopr < 16384
    union all
    select 'pg_opfamily'::regclass, f.oid, format('operator family %I.%I', n.nspname, f.opfname), 'FUNCTION', a.amproc, 0, true
      from pg_amproc a join pg_opfamily f on f.oid = a.amprocfamily join pg_namespace n on n.oid = f.opfnamespace
     where a.oid >= 16384 and a.amproc::oid < 16384
    union all
    select 'pg_cast'::regclass, c.oid, format('cast (%s AS %s)', c.castsource::regtype, c.casttarget::regtype), 'FUNCTION', c.castfunc, 0, true
      from pg_cast c where c.oid >= 16384 and c.castfunc between 1 and 16383
    union all
    select 'pg_type'::regclass, r.rngtypid, 'type ' || r.rngtypid::regtype::text, 'SUBTYPE_DIFF', r.rngsubdiff, 0, true
      from pg_range r where r.rngtypid >= 16384 and r.rngsubdiff::oid between 1 and 16383
    union all
    select 'pg_class'::regclass, t.tgrelid, format('trigger %I on %s', t.tgname, t.tgrelid::regclass), 'FUNCTION', t.tgfoid, 0, true
      from pg_trigger t where not t.tgisinternal and t.tgfoid < 16384),
  definitions as (
    select * from defined d where not exists (select from pg_depend e where e.classid = d.class and e.objid = d.id and e.deptype = 'e')
     order by object, clause limit 1000)
  select json_build_object('definitions', coalesce((select json_agg(json_build_object('object', d.object, 'clause', d.clause, 'is_operator', d.operator <> 0, 'exact', d.exact, 'uses',
        coalesce((select p.proname || '(' || oidvectortypes(p.proargtypes) || ')' from pg_proc p where p.oid = d.function),
                 (select o.oprname || '(' || case o.oprleft when 0 then 'NONE' else format_type(o.oprleft, null) end || ', '
                         || case o.oprright when 0 then 'NONE' else format_type(o.oprright, null) end || ')' from pg_operator o where o.oid = d.operator), '')))
        from definitions d), '[]'))
)sql";

// $1: {"columns": [["pg_database.datcollate", its type on the target], ...], "relations": ["pg_database", ...],
// "functions": ["function pg_get_keywords()", ...]}. A tree that is too long is "".
constexpr const char* kViews = R"sql(
with columns(name, relation, number, type, array_type, after) as materialized (
  select w.name, c.oid, a.attnum, a.atttypid, t.typarray, to_regtype(w.after)
    from (select p ->> 0, p ->> 1 from json_array_elements($1::json -> 'columns') p) w(name, after) join pg_class c on c.relname = split_part(w.name, '.', 1)
    join pg_attribute a on a.attrelid = c.oid and a.attname = split_part(w.name, '.', 2) join pg_type t on t.oid = a.atttypid
   where c.oid < 16384 and c.relkind in ('r', 'v') and a.attnum > 0),
lists(name, oid, mark) as materialized (
  select w.name, c.oid, ' :relid ' || c.oid || ' ' from json_array_elements_text($1::json -> 'relations') w(name) join pg_class c on c.relname = w.name
   where c.oid < 16384 and c.relkind in ('r', 'v')
  union all
  select w.name, p.oid, ' :funcid ' || p.oid || ' ' from json_array_elements_text($1::json -> 'functions') w(name)
    join pg_proc p on p.oid < 16384 and p.pronamespace = 'pg_catalog'::regnamespace and 'function ' || p.proname || '(' || oidvectortypes(p.proargtypes) || ')' = w.name),
marks(mark) as materialized (select mark from lists union select ' :relid ' || relation || ' ' from columns),
views(name, tree) as materialized (
  select case c.relkind when 'm' then 'materialized view ' else 'view ' end || c.oid::regclass::text, r.ev_action::text
    from pg_rewrite r join pg_class c on c.oid = r.ev_class
   where r.oid >= 16384 and r.rulename = '_RETURN'
     and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e')),
over(name, tree) as materialized (select name, tree from views where exists (select from marks m where position(m.mark in tree) > 0)),
most as (select name, case when length(tree) <= {longest} then tree else '' end as tree from over order by name limit {most})
select json_build_object('columns', coalesce((select json_agg(json_build_object('name', name, 'relation', relation::bigint, 'number', number, 'type', type::bigint,
                    'array_type', array_type::bigint,
                    'widens', exists (select from pg_cast where castsource = type and casttarget = after and castcontext = 'i'),
                    'narrows', exists (select from pg_cast where castsource = after and casttarget = type and castcontext = 'i'))) from columns), '[]'),
                         'polymorphic', (select json_agg(p.oid::bigint) from pg_proc p join pg_type t on t.oid = p.prorettype
                                          where t.typtype = 'p' and t.typname like 'any%'),
                         'lists', coalesce((select json_agg(json_build_object('name', name, 'oid', oid::bigint)) from lists), '[]'),
                         'views', coalesce((select json_agg(json_build_object('name', name, 'tree', tree) order by name) from most), '[]'),
                         'more_views', (select count(*) from over) - (select count(*) from most)))sql";

// $1: a regular expression.
constexpr const char* kSources = R"sql(
with found as (select p.oid, count(*) over () as count from {from} and p.prosrc ~* $1 order by p.oid limit {most})
select json_build_object('sources', coalesce((select json_agg({routine} order by p.oid)
                                                from found f join pg_proc p using (oid) join pg_language l on l.oid = p.prolang), '[]'),
                         'more_sources', coalesce((select max(count) from found), 0) - (select count(*) from found)))sql";

void fill_place(std::string& sql, const std::string& place, const std::string& text) { sql.replace(sql.find(place), place.size(), text); }

Task<Result<json>> one_document(Session& session, std::string sql, std::string argument) {
  std::vector<Value> arguments{std::move(argument)};
  CO_TRY(Rows answer, co_await session.query(std::move(sql), std::move(arguments)));
  co_return json::parse(answer.text(0, 0));
}

// Columns by their position: which is the first one that is another, and whether there are as many.
struct ChangedNames {
  std::string name;  // "pg_database", "function pg_get_keywords()"
  long from = 0;
  bool shifts = false;
};

// What of the system looks otherwise on the target, of what the database's code uses.
struct ChangedSystem {
  json columns = json::array();                       // [name, type on the target]
  std::vector<ChangedNames> relations, functions;

  bool empty() const { return columns.empty() && relations.empty() && functions.empty(); }
};

void add_changed(std::vector<ChangedNames>& to, std::string name, const std::vector<std::string_view>& before, const std::vector<std::string_view>& after) {
  const auto places = std::mismatch(before.begin(), before.end(), after.begin(), after.end());
  const bool shifts = before.size() != after.size();
  if (places.first != before.end() || shifts) to.push_back({std::move(name), places.first - before.begin() + 1, shifts});
}

// "word text, catcode \"char\"".
std::vector<std::string_view> split_columns(std::string_view text) {
  std::vector<std::string_view> columns;
  while (!text.empty()) {
    const auto comma = std::min(text.find(", "), text.size());
    columns.push_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 2, text.size()));
  }
  return columns;
}

ChangedSystem changed_system(const CodeFacts& code, const Builtins& here, const Builtins& there) {
  ChangedSystem changed;
  std::set<std::string> relations;
  for (const std::string& each : code.columns) {
    relations.insert(each.substr(0, each.find('.')));
    if (here.type_of_column(each) != there.type_of_column(each) && there.has_column(each)) changed.columns.push_back({each, there.type_of_column(each)});
  }
  for (const std::string& relation : relations)
    if (const auto after = there.columns_of(relation); !after.empty()) add_changed(changed.relations, relation, here.columns_of(relation), after);
  for (const std::string& each : code.functions)
    if (there.has_function(each))
      add_changed(changed.functions, "function " + each, split_columns(here.columns_of_function(each)), split_columns(there.columns_of_function(each)));
  return changed;
}

json names_in(const std::vector<ChangedNames>& lists) {
  json names = json::array();
  for (const ChangedNames& each : lists) names.push_back(each.name);
  return names;
}

// The answer to kViews, as it is kept.
void keep_views(const json& answer, const ChangedSystem& changed, json& found) {
  std::vector<SystemColumn> columns;
  for (const json& each : answer.at("columns"))
    columns.push_back({each.at("relation"), each.at("number"), each.at("type"), each.at("array_type"), each.at("widens"), each.at("narrows")});
  std::vector<ChangedList> relations, functions;
  std::map<long, std::string> names;
  for (const json& each : answer.at("lists")) {
    const long oid = each.at("oid");
    names[oid] = each.at("name");
    for (const ChangedNames& list : changed.relations)
      if (list.name == names[oid]) relations.push_back({oid, list.from, list.shifts});
    for (const ChangedNames& list : changed.functions)
      if (list.name == names[oid]) functions.push_back({oid, list.from, list.shifts});
  }
  const std::set<long> polymorphic = answer.at("polymorphic").get<std::set<long>>();
  std::vector<TakenTypeFact> kept;
  std::vector<PositionsFact> positions;
  for (const json& view : answer.at("views")) {
    const std::string& tree = view.at("tree").get_ref<const std::string&>();
    const auto taken = types_taken(tree, columns, polymorphic);
    const auto placed = named_by_position(tree, relations, functions);
    if (!taken || !placed) {
      kept.push_back({view.at("name"), "", ""});
      continue;
    }
    for (const TakenType& each : *taken) kept.push_back({view.at("name"), each.column, answer.at("columns")[each.source].at("name")});
    for (const long each : *placed) positions.push_back({view.at("name"), names[each]});
  }
  found["taken_types"] = kept;
  found["positions"] = positions;
  found["more_views"] = answer.at("more_views");
}

}  // namespace

PGCONVOY_JSON_FIELDS(TakenTypeFact, view, column, source)
PGCONVOY_JSON_FIELDS(PositionsFact, view, source)
PGCONVOY_JSON_FIELDS(DefinitionFact, object, clause, uses, is_operator, exact)
PGCONVOY_JSON_FIELDS(RemovedUse, object, uses)
PGCONVOY_JSON_FIELDS(RemovedCodeFacts, uses, more_uses, sources, more_sources, definitions, taken_types, positions, more_views)

Task<Result<json>> read_removed_code(const InquiryContext& context) {
  const auto code = shared_part<CodeFacts>(context.database().parts, kCodePart);
  const auto source = builtins_of(context.source().parts), target = builtins_of(context.target_server().parts);
  if (!code || !source || !target)
    co_return Error(ErrorKind::refused, "what the servers bring along and what the database uses of it was not read");
  const Builtins& there = *target;
  json gone = {{"functions", json::array()}, {"operators", json::array()}, {"columns", json::array()}};
  for (const std::string& each : code->functions)
    if (!there.takes_call(each)) gone["functions"].push_back(each);
  for (const std::string& each : code->operators)
    if (!there.takes_operands(each)) gone["operators"].push_back(each);
  for (const std::string& each : code->columns)
    if (!there.has_column(each)) gone["columns"].push_back(each);
  const ChangedSystem changed = changed_system(*code, *source, there);
  const bool look_for_uses = !gone["functions"].empty() || !gone["operators"].empty() || !gone["columns"].empty();
  std::string pattern;
  if (!code->sources_read && code->routines > 0)
    pattern = pattern_of(removed_names(source, target, *code, context.source().version_number / 10000,
                                       context.target_server().version_number / 10000));
  json found = RemovedCodeFacts{};
  if (!look_for_uses && changed.empty() && pattern.empty() && !code->defines_over_builtins) co_return found;

  SessionOptions options = catalogue_options();
  CO_TRY(SessionPtr session, co_await context.open_source(context.database().database, std::move(options)));
  if (look_for_uses) {
    std::string sql = kUses;
    fill_place(sql, "{expressions}", expressions_sql(session->server_version()));
    fill_place(sql, "{first}", std::to_string(first_column(session->server_version())));
    fill_place(sql, "{most}", std::to_string(kMostObjects));
    std::string wanted = gone.dump();
    CO_TRY(const json uses, co_await one_document(*session, std::move(sql), std::move(wanted)));
    found.update(uses);
  }
  if (!changed.empty()) {
    std::string sql = kViews;
    fill_place(sql, "{longest}", std::to_string(kLongestTree));
    fill_place(sql, "{most}", std::to_string(kMostViews));
    std::string wanted = json{{"columns", changed.columns}, {"relations", names_in(changed.relations)}, {"functions", names_in(changed.functions)}}.dump();
    CO_TRY(const json views, co_await one_document(*session, std::move(sql), std::move(wanted)));
    keep_views(views, changed, found);
  }
  if (!pattern.empty()) {
    std::string sql = kSources;
    fill_place(sql, "{from}", kRoutinesFrom);
    fill_place(sql, "{routine}", routine_sql());
    fill_place(sql, "{most}", std::to_string(kMostSources));
    CO_TRY(const json sources, co_await one_document(*session, std::move(sql), std::move(pattern)));
    found.update(sources);
  }
  if (code->defines_over_builtins) {
    CO_TRY(Rows answer, co_await session->query(kDefinitions));
    found.update(json::parse(answer.text(0, 0)));
  }
  co_return found;
}

}  // namespace pgconvoy
