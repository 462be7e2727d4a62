#include "engine/facts/builtins.hpp"

#include <algorithm>
#include <charconv>

namespace pgconvoy {
namespace {

std::string with_breaks(const std::string& lines) { return "\n" + lines + "\n"; }

bool has_line(const std::string& lines, std::string_view line, char end) {
  std::string wanted = "\n";
  wanted.append(line);
  wanted += end;
  return lines.find(wanted) != std::string::npos;
}

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

// A line is a signature, for a function followed by how many of its arguments have defaults.
bool has_overload(const std::string& lines, std::string_view signature) {
  const auto given = types_of_signature(signature);
  std::string start = "\n";
  start.append(name_of_signature(signature));
  start += '(';
  for (auto at = lines.find(start); at != std::string::npos; at = lines.find(start, at + 1)) {
    const std::string_view line = std::string_view(lines).substr(at + 1, lines.find('\n', at + 1) - at - 1);
    const auto tab = std::min(line.find('\t'), line.size());
    const std::string_view count = line.substr(std::min(tab + 1, line.size()));
    std::size_t defaults = 0;
    std::from_chars(count.data(), count.data() + count.size(), defaults);
    if (fits(given, types_of_signature(line.substr(0, tab)), defaults)) return true;
  }
  return false;
}

}  // namespace

Builtins::Builtins(const BuiltinsFact& fact)
    : functions_(with_breaks(fact.functions)),
      operators_(with_breaks(fact.operators)),
      columns_(with_breaks(fact.columns)) {}

bool Builtins::has_function(std::string_view signature) const { return has_line(functions_, signature, '\t'); }
bool Builtins::has_operator(std::string_view signature) const { return has_line(operators_, signature, '\n'); }
std::string_view Builtins::columns_of_function(std::string_view signature) const {
  const std::string wanted = "\n" + std::string(signature) + "\t";
  const auto at = functions_.find(wanted);
  if (at == std::string::npos) return {};
  std::string_view line = std::string_view(functions_).substr(at + wanted.size());
  line = line.substr(0, line.find('\n'));
  const auto tab = line.find('\t');
  return tab == std::string_view::npos ? std::string_view() : line.substr(tab + 1);
}

std::vector<std::string_view> Builtins::columns_of(std::string_view relation) const {
  std::vector<std::string_view> names;
  const std::string wanted = "\n" + std::string(relation) + ".";
  for (auto at = columns_.find(wanted); at != std::string::npos; at = columns_.find(wanted, at + 1)) {
    const std::string_view rest = std::string_view(columns_).substr(at + wanted.size());
    names.push_back(name_of_column(rest.substr(0, rest.find('\n'))));
  }
  return names;
}

bool Builtins::has_column(std::string_view column) const { return has_line(columns_, column, '\t') || has_line(columns_, column, '\n'); }

std::string_view Builtins::type_of_column(std::string_view column) const {
  const std::string wanted = "\n" + std::string(column) + "\t";
  const auto at = columns_.find(wanted);
  if (at == std::string::npos) return {};
  const std::string_view type = std::string_view(columns_).substr(at + wanted.size());
  return type.substr(0, type.find('\n'));
}

bool Builtins::takes_call(std::string_view signature) const {
  return has_function(signature) || has_overload(functions_, signature);
}

bool Builtins::takes_operands(std::string_view signature) const {
  return has_operator(signature) || has_overload(operators_, signature);
}

}  // namespace pgconvoy
