#include "engine/facts/builtins.hpp"

#include <algorithm>
#include <charconv>

#include "engine/facts/part.hpp"

namespace pgconvoy {
namespace {

// "any", anyelement, anycompatiblearray ...
bool stands_for_others(std::string_view type) { return type.starts_with("any") || type == "\"any\""; }

bool fits(const std::vector<std::string_view>& given, const std::vector<std::string_view>& wanted, std::size_t defaults) {
  if (given.size() > wanted.size() || given.size() + defaults < wanted.size()) return false;
  for (std::size_t i = 0; i < given.size(); ++i)
    if (given[i] != wanted[i] && (!stands_for_others(wanted[i]) || given[i] == "NONE")) return false;
  return true;
}

}  // namespace

PGCONVOY_JSON_FIELDS(BuiltinsFact, functions, operators, columns, settings)

std::string builtins_sql(int) {
  return R"sql((
  select json_build_object(
    'functions', (select string_agg(case n.nspname when 'pg_catalog' then '' else n.nspname || '.' end
                                    || p.proname || '(' || oidvectortypes(p.proargtypes) || E')\t' || p.pronargdefaults
                                    || case when p.proallargtypes is null then '' else coalesce(E'\t' || (
                                         select string_agg(a.name || ' ' || format_type(a.type, null), ', ' order by a.place)
                                           from unnest(p.proargnames, p.proallargtypes, p.proargmodes) with ordinality a(name, type, mode, place)
                                          where a.mode in ('o', 'b', 't')), '') end, E'\n')
                    from pg_proc p join pg_namespace n on n.oid = p.pronamespace where p.oid < 16384),
    'operators', (select string_agg(o.oprname || '(' || case o.oprleft when 0 then 'NONE' else format_type(o.oprleft, null) end || ', '
                                    || case o.oprright when 0 then 'NONE' else format_type(o.oprright, null) end || ')', E'\n')
                    from pg_operator o where o.oid < 16384),
    'columns', (select string_agg(c.relname || '.' || a.attname || E'\t' || format_type(a.atttypid, null), E'\n' order by c.oid, a.attnum)
                  from pg_class c join pg_attribute a on a.attrelid = c.oid
                 where c.oid < 16384 and c.relkind in ('r', 'v') and a.attnum > 0 and not a.attisdropped),
    'settings', case when pg_has_role('pg_read_all_settings', 'member')
                     then (select string_agg(name, E'\n') from pg_settings where position('.' in name) = 0) else '' end)))sql";
}

std::string_view name_of_signature(std::string_view signature) { return signature.substr(0, signature.find('(')); }

std::vector<std::string_view> types_of_signature(std::string_view signature) {
  std::vector<std::string_view> types;
  const auto open = signature.find('(');
  if (open == std::string_view::npos) return types;
  std::string_view left = signature.substr(open + 1);
  left = left.substr(0, left.rfind(')'));
  while (!left.empty()) {
    const auto comma = std::min(left.find(", "), left.size());
    types.push_back(left.substr(0, comma));
    left.remove_prefix(std::min(comma + 2, left.size()));
  }
  return types;
}

std::string_view operator_kind(std::string_view signature) {
  const auto types = types_of_signature(signature);
  if (types.size() == 2 && types[0] == "NONE") return "prefix";
  return types.size() == 2 && types[1] == "NONE" ? "postfix" : "infix";
}

std::string_view name_of_column(std::string_view line) { return line.substr(0, line.find('\t')); }

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    if (end > 0) lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

namespace {

std::string_view before_tab(std::string_view line) { return line.substr(0, line.find('\t')); }
std::string_view after_tab(std::string_view line) { return line.substr(std::min(before_tab(line).size() + 1, line.size())); }

std::size_t defaults_of(std::string_view line) {
  const std::string_view count = after_tab(line);
  std::size_t defaults = 0;
  std::from_chars(count.data(), count.data() + count.size(), defaults);
  return defaults;
}

}  // namespace

Builtins::Builtins(BuiltinsFact fact) : fact_(std::move(fact)) {
  for (const std::string_view line : lines_of(fact_.functions)) functions_[name_of_signature(line)].push_back(line);
  for (const std::string_view line : lines_of(fact_.operators)) operators_[name_of_signature(line)].push_back(line);
  for (const std::string_view line : lines_of(fact_.columns)) {
    const std::string_view column = before_tab(line);
    types_.emplace(column, after_tab(line));
    const auto dot = column.find('.');
    if (dot != std::string_view::npos) columns_[column.substr(0, dot)].push_back(column.substr(dot + 1));
  }
}

std::string_view Builtins::line_of(const Lines& lines, std::string_view signature) {
  const auto found = lines.find(name_of_signature(signature));
  if (found != lines.end())
    for (const std::string_view line : found->second)
      if (before_tab(line) == signature) return line;
  return {};
}

bool Builtins::has_overload(const Lines& lines, std::string_view signature) {
  const auto found = lines.find(name_of_signature(signature));
  if (found == lines.end()) return false;
  const auto given = types_of_signature(signature);
  return std::any_of(found->second.begin(), found->second.end(),
                     [&](std::string_view line) { return fits(given, types_of_signature(before_tab(line)), defaults_of(line)); });
}

bool Builtins::has_function(std::string_view signature) const { return !line_of(functions_, signature).empty(); }
bool Builtins::has_operator(std::string_view signature) const { return !line_of(operators_, signature).empty(); }
std::string_view Builtins::columns_of_function(std::string_view signature) const { return after_tab(after_tab(line_of(functions_, signature))); }

std::vector<std::string_view> Builtins::relations() const {
  std::vector<std::string_view> names;
  for (const auto& [relation, columns] : columns_) names.push_back(relation);
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string_view> Builtins::columns_of(std::string_view relation) const {
  const auto found = columns_.find(relation);
  return found == columns_.end() ? std::vector<std::string_view>() : found->second;
}

bool Builtins::has_column(std::string_view column) const { return types_.contains(column); }

std::string_view Builtins::type_of_column(std::string_view column) const {
  const auto found = types_.find(column);
  return found == types_.end() ? std::string_view() : found->second;
}

std::shared_ptr<const Builtins> builtins_of(const Parts& parts) {
  static MadeOfDocuments<Builtins> made;
  return made.get(parts, kBuiltinsPart, [&]() -> std::shared_ptr<const Builtins> {
    auto fact = part<BuiltinsFact>(parts, kBuiltinsPart);
    return fact ? std::make_shared<const Builtins>(std::move(*fact)) : nullptr;
  });
}

bool Builtins::takes_call(std::string_view signature) const {
  return has_function(signature) || has_overload(functions_, signature);
}

bool Builtins::takes_operands(std::string_view signature) const {
  return has_operator(signature) || has_overload(operators_, signature);
}

}  // namespace pgconvoy
