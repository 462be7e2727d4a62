#include "engine/facts/removed_code.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

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
// "functions": ["function pg_get_keywords()", ...], "rows": relations whose row a function may return}. Views over those,
// and those over views that may take a type from such a column. A tree that is too long is "".
constexpr const char* kViews = R"sql(
with recursive columns(name, relation, number, type, array_type, after) as materialized (
  select w.name, c.oid, a.attnum, a.atttypid, t.typarray, to_regtype(w.after)
    from (select p ->> 0, p ->> 1 from json_array_elements($1::json -> 'columns') p) w(name, after) join pg_class c on c.relname = split_part(w.name, '.', 1)
    join pg_attribute a on a.attrelid = c.oid and a.attname = split_part(w.name, '.', 2) join pg_type t on t.oid = a.atttypid
   where c.oid < 16384 and c.relkind in ('r', 'v') and a.attnum > 0),
lists(name, oid, mark) as materialized (
  select w.name, c.oid, ' :relid ' || c.oid || ' ' from json_array_elements_text($1::json -> 'relations') w(name) join pg_class c on c.relname = w.name
   where c.oid < 16384 and c.relkind in ('r', 'v')
  union all
  select w.name, p.oid, ' :funcid ' || p.oid || ' ' from json_array_elements_text($1::json -> 'functions') w(name)
    join pg_proc p on p.oid < 16384 and p.pronamespace = 'pg_catalog'::regnamespace and 'function ' || p.proname || '(' || oidvectortypes(p.proargtypes) || ')' = w.name
  union all
  select 'function ' || p.oid::regprocedure || ', rows of ' || w.name, p.oid, ' :funcid ' || p.oid || ' '
    from json_array_elements_text($1::json -> 'rows') w(name) join pg_class c on c.relname = w.name and c.oid < 16384 and c.relkind in ('r', 'v')
    join pg_proc p on p.prorettype = c.reltype and p.oid >= 16384),
views(oid, name, tree) as materialized (
  select c.oid, case c.relkind when 'm' then 'materialized view ' else 'view ' end || c.oid::regclass::text, r.ev_action::text
    from pg_rewrite r join pg_class c on c.oid = r.ev_class
   where r.oid >= 16384 and r.rulename = '_RETURN'
     and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e')),
over(oid) as (
  select v.oid from views v where exists (select from columns k where position(' :relid ' || k.relation || ' ' in v.tree) > 0)
  union select v.oid from over o join views v on position(' :relid ' || o.oid || ' ' in v.tree) > 0),
looked_at as (
  select v.* from views v where v.oid in (select oid from over) or exists (select from lists l where position(l.mark in v.tree) > 0)),
most as (select oid, name, case when length(tree) <= {longest} then tree else '' end as tree from looked_at order by name limit {most})
select json_build_object('columns', coalesce((select json_agg(json_build_object('name', name, 'relation', relation::bigint, 'number', number, 'type', type::bigint,
                    'array_type', array_type::bigint,
                    'widens', exists (select from pg_cast where castsource = type and casttarget = after and castcontext = 'i'),
                    'narrows', exists (select from pg_cast where castsource = after and casttarget = type and castcontext = 'i'))) from columns), '[]'),
                         'polymorphic', (select json_agg(p.oid::bigint) from pg_proc p join pg_type t on t.oid = p.prorettype
                                          where t.typtype = 'p' and t.typname like 'any%'),
                         'lists', coalesce((select json_agg(json_build_object('name', name, 'oid', oid::bigint)) from lists), '[]'),
                         'views', coalesce((select json_agg(json_build_object('oid', oid::bigint, 'name', name, 'tree', tree) order by name) from most), '[]'),
                         'more_views', (select count(*) from looked_at) - (select count(*) from most)))sql";

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

// Columns by their position.
struct ChangedNames {
  std::string name;    // "pg_database", "function pg_get_keywords()"
  bool moved = false;  // else there are only further ones
};

// What of the system looks otherwise on the target, of what the database's code uses.
struct ChangedSystem {
  json columns = json::array();                    // [name, type on the target]
  std::vector<ChangedNames> relations, functions;
  std::vector<std::string> rows;                   // relations whose rows are others, where a function returns such

  bool empty() const { return columns.empty() && relations.empty() && functions.empty() && rows.empty(); }
};

void add_changed(std::vector<ChangedNames>& to, std::string name, const std::vector<std::string_view>& before, const std::vector<std::string_view>& after) {
  const bool moved = before.size() > after.size() || !std::equal(before.begin(), before.end(), after.begin());
  if (moved || before.size() != after.size()) to.push_back({std::move(name), moved});
}

// Names out of "word text, catcode \"char\"".
std::vector<std::string_view> column_names(std::string_view text) {
  std::vector<std::string_view> columns;
  while (!text.empty()) {
    const auto comma = std::min(text.find(", "), text.size());
    columns.push_back(text.substr(0, std::min(text.find(' '), comma)));
    text.remove_prefix(std::min(comma + 2, text.size()));
  }
  return columns;
}

ChangedSystem changed_system(const CodeFacts& code, const Builtins& here, const Builtins& there) {
  ChangedSystem changed;
  std::set<std::string> relations;
  for (const std::string& each : code.columns) {
    relations.insert(each.substr(0, each.find('.')));
    const std::string_view before = here.type_of_column(each), after = there.type_of_column(each);
    if (before != after && !before.empty() && !after.empty()) changed.columns.push_back({each, after});
  }
  for (const std::string& relation : relations)
    if (const auto after = there.columns_of(relation); !after.empty()) add_changed(changed.relations, relation, here.columns_of(relation), after);
  for (const std::string& each : code.functions)
    if (there.has_function(each))
      add_changed(changed.functions, "function " + each, column_names(here.columns_of_function(each)), column_names(there.columns_of_function(each)));
  if (code.returns_system_rows)
    for (const std::string_view relation : here.relations())
      if (here.columns_of(relation) != there.columns_of(relation)) changed.rows.emplace_back(relation);
  return changed;
}

json names_in(const std::vector<ChangedNames>& lists) {
  json names = json::array();
  for (const ChangedNames& each : lists) names.push_back(each.name);
  return names;
}

// Lists by their oids; a function of the tenant's that returns rows of the system has moved columns, for its list is printed
// with all of them.
std::vector<ChangedList> lists_in(const json& answer, const std::vector<ChangedNames>& wanted, bool and_rows, std::map<long, std::string>& names) {
  std::vector<ChangedList> lists;
  for (const json& each : answer.at("lists")) {
    const long oid = each.at("oid");
    const std::string& name = names[oid] = each.at("name");
    for (const ChangedNames& list : wanted)
      if (list.name == name) lists.push_back({oid, list.moved});
    if (and_rows && name.find(", rows of ") != std::string::npos) lists.push_back({oid, true});
  }
  return lists;
}

struct ReadView {
  long oid = 0;
  std::string name, tree;
};

// Columns with a type of the system's, those of views over views too: what one takes is looked for in the others.
Result<std::vector<TakenTypeFact>> all_taken_types(const std::vector<ReadView>& views, std::vector<SystemColumn> columns, std::vector<std::string> names,
                                                   const std::set<long>& polymorphic) {
  std::vector<TakenTypeFact> kept;
  std::vector<std::string> sources = names, through(columns.size());
  std::set<std::pair<long, long>> known;
  for (bool more = true; more;) {
    more = false;
    const std::vector<SystemColumn> looked_for = columns;
    for (const ReadView& view : views) {
      TRY(const std::vector<TakenType> taken, types_taken(view.tree, looked_for, polymorphic));
      for (const TakenType& each : taken) {
        if (!known.insert({view.oid, each.number}).second) continue;
        kept.push_back({view.name, each.column, sources[each.source], through[each.source]});
        SystemColumn own = looked_for[each.source];
        own.relation = view.oid;
        own.number = each.number;
        columns.push_back(own);
        sources.push_back(sources[each.source]);
        through.push_back(view.name);
        more = true;
      }
    }
  }
  return kept;
}

// The answer to kViews, as it is kept.
void keep_views(const json& answer, const ChangedSystem& changed, json& found) {
  std::vector<SystemColumn> columns;
  std::vector<std::string> sources;
  for (const json& each : answer.at("columns")) {
    columns.push_back({each.at("relation"), each.at("number"), each.at("type"), each.at("array_type"), each.at("widens"), each.at("narrows")});
    sources.push_back(each.at("name"));
  }
  std::map<long, std::string> names;
  const auto relations = lists_in(answer, changed.relations, false, names), functions = lists_in(answer, changed.functions, true, names);
  const std::set<long> polymorphic = answer.at("polymorphic").get<std::set<long>>();
  std::vector<ReadView> views;
  std::vector<TakenTypeFact> unread;
  std::vector<PositionsFact> positions;
  for (const json& each : answer.at("views")) {
    ReadView view{each.at("oid"), each.at("name"), each.at("tree")};
    const auto placed = named_by_position(view.tree, relations, functions);
    if (!placed) {
      unread.push_back({view.name, "", "", ""});
      continue;
    }
    for (const long list : *placed) positions.push_back({view.name, names[list]});
    views.push_back(std::move(view));
  }
  const auto taken = all_taken_types(views, std::move(columns), std::move(sources), polymorphic);
  if (!taken) throw std::runtime_error(taken.error().message);
  unread.insert(unread.end(), taken->begin(), taken->end());
  found["taken_types"] = unread;
  found["positions"] = positions;
  found["more_views"] = answer.at("more_views");
}

// What views owe to the system is one condition's matter: when it can't be read, the others still know what they do.
Task<Result<void>> read_views(Session& session, const ChangedSystem& changed, json& found) {
  std::string sql = kViews;
  fill_place(sql, "{longest}", std::to_string(kLongestTree));
  fill_place(sql, "{most}", std::to_string(kMostViews));
  std::vector<Value> arguments{
      json{{"columns", changed.columns}, {"relations", names_in(changed.relations)}, {"functions", names_in(changed.functions)}, {"rows", changed.rows}}.dump()};
  const auto answer = co_await session.query(std::move(sql), std::move(arguments));
  if (!answer && !session.usable()) co_return answer.error();
  try {
    if (answer)
      keep_views(json::parse(answer->text(0, 0)), changed, found);
    else
      found["views_unread"] = answer.error().message;
  } catch (const std::exception& problem) {
    found["views_unread"] = std::string("the server's answer can't be read: ") + problem.what();
  }
  co_return Result<void>();
}

}  // namespace

PGCONVOY_JSON_FIELDS(TakenTypeFact, view, column, source, through)
PGCONVOY_JSON_FIELDS(PositionsFact, view, source)
PGCONVOY_JSON_FIELDS(DefinitionFact, object, clause, uses, is_operator, exact)
PGCONVOY_JSON_FIELDS(RemovedUse, object, uses)
PGCONVOY_JSON_FIELDS(RemovedCodeFacts, uses, more_uses, sources, more_sources, definitions, taken_types, positions, views_unread, more_views)

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
    CO_TRY_VOID(co_await read_views(*session, changed, found));
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
