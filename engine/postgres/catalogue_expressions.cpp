// Expressions as PostgreSQL prints them, in one of the forms that mean the same.
#include <algorithm>
#include <cctype>
#include <set>
#include <vector>

#include "engine/postgres/catalogue.hpp"

namespace pgconvoy {

namespace {

constexpr std::string_view opening = "(ARRAY[";

// The place after the string, quoted name or single character at `i`.
std::size_t skip(std::string_view text, std::size_t i) {
  const char quote = text[i];
  if (quote != '\'' && quote != '"') return i + 1;
  const bool escapes = quote == '\'' && i > 0 && (text[i - 1] == 'E' || text[i - 1] == 'e');
  for (++i; i < text.size(); ++i) {
    if (escapes && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      if (i + 1 >= text.size() || text[i + 1] != quote) return i + 1;
      ++i;
    }
  }
  return text.size();
}

struct ArrayConstructor {
  std::vector<std::string_view> elements;
  std::string_view element_type;
  std::size_t end = 0;  // after the cast; 0: not of the form
};

// "(ARRAY[a, b])::type[]" at `start`.
ArrayConstructor parse(std::string_view text, std::size_t start) {
  ArrayConstructor array;
  std::size_t i = start + opening.size(), element = i;
  for (int depth = 1; i < text.size();) {
    const char c = text[i];
    if (c == '(' || c == '[') ++depth;
    if (c == ')' || c == ']') --depth;
    if (depth == 0 || (depth == 1 && c == ',')) {
      array.elements.push_back(text.substr(element, i - element));
      element = i + 2;  // ", "
    }
    if (depth == 0) break;
    i = skip(text, i);
  }
  if (text.substr(std::min(i, text.size()), 4) != "])::") return {};
  const std::size_t type = i + 4;
  for (i = type; i < text.size();) {
    const char c = text[i];
    if (text.substr(i, 2) == "[]") {
      array.element_type = text.substr(type, i - type);
      array.end = i + 2;
      return array;
    }
    const bool part_of_type = std::isalnum(static_cast<unsigned char>(c)) || static_cast<unsigned char>(c) >= 0x80 ||
                              std::string_view(" _$.\"(),").find(c) != std::string_view::npos;
    if (!part_of_type) return {};
    i = skip(text, i);
  }
  return {};
}

bool part_of_name(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '$' || static_cast<unsigned char>(c) >= 0x80;
}

// Names, quoted names, strings, and everything else by the character.
std::vector<std::string_view> tokens(std::string_view text) {
  std::vector<std::string_view> result;
  for (std::size_t i = 0; i < text.size();) {
    auto end = skip(text, i);
    if (part_of_name(text[i]))
      while (end < text.size() && part_of_name(text[end])) ++end;
    result.push_back(text.substr(i, end - i));
    i = end;
  }
  return result;
}

bool is_name(std::string_view token) { return part_of_name(token[0]) || token[0] == '"'; }

// Whether `longer` is `shorter` with one name and a full stop in front of some names.
bool adds_qualifier(const std::vector<std::string_view>& longer, const std::vector<std::string_view>& shorter) {
  const auto at = [](const auto& list, std::size_t i) { return i < list.size() ? list[i] : std::string_view(); };
  std::string_view qualifier;
  std::size_t i = 0, j = 0;
  while (i < longer.size()) {
    const bool qualified = is_name(longer[i]) && at(longer, i + 1) == "." && at(longer, i + 2) == at(shorter, j) &&
                           at(shorter, j + 1) != "." && (qualifier.empty() || qualifier == longer[i]);
    if (qualified) {
      qualifier = longer[i];
      i += 2;
    } else if (at(shorter, j) != longer[i]) {
      return false;
    }
    ++i, ++j;
  }
  return j == shorter.size();
}

using Tokens = std::vector<std::string_view>;

bool is_at(const Tokens& text, std::size_t i, const Tokens& part) {
  return i + part.size() <= text.size() && std::equal(part.begin(), part.end(), text.begin() + static_cast<std::ptrdiff_t>(i));
}

Tokens without_blanks(const Tokens& all) {
  Tokens text;
  for (const std::string_view token : all)
    if (!std::isspace(static_cast<unsigned char>(token[0]))) text.push_back(token);
  return text;
}

Tokens part_of(const Tokens& text, std::size_t begin, std::size_t end) {
  return {text.begin() + static_cast<std::ptrdiff_t>(begin), text.begin() + static_cast<std::ptrdiff_t>(end)};
}

// The place of the parenthesis that the one at `close` belongs to; `close` when there is none.
std::size_t opening_of(const Tokens& text, std::size_t close) {
  int depth = 0;
  for (std::size_t i = close + 1; i > 0; --i) {
    depth += text[i - 1] == ")" ? 1 : text[i - 1] == "(" ? -1 : 0;
    if (depth == 0) return i - 1;
  }
  return close;
}

struct Retyping {
  Tokens before, after;  // types
};

// Whether the expression that ends before `end` has one of the names in it.
bool names_one_of(const Tokens& text, std::size_t end, const std::set<std::string_view>& names) {
  int depth = 0;
  for (std::size_t i = end; i > 0; --i) {
    const std::string_view token = text[i - 1];
    depth += token == ")" ? 1 : token == "(" ? -1 : 0;
    if (depth < 0 || (depth == 0 && (token == "," || token == "SELECT"))) return false;
    if (names.contains(token)) return true;
  }
  return false;
}

// Those of columns whose names stand in the text, and the names.
struct Retypings {
  std::vector<Retyping> types;
  std::set<std::string_view> columns;
};

Retypings retypings_in(const Tokens& text, const SystemChanges& system) {
  Retypings found;
  for (const auto& [column, types] : system.retyped) {
    if (std::find(text.begin(), text.end(), column) == text.end()) continue;
    found.columns.insert(column);
    for (const auto& [before, after] : types) found.types.push_back({without_blanks(tokens(before)), without_blanks(tokens(after))});
  }
  // A name that such a column gets further in, "SELECT datcollate AS c", hands it on.
  for (std::size_t known = 0; known != found.columns.size();) {
    known = found.columns.size();
    for (std::size_t i = 1; i + 1 < text.size(); ++i)
      if (text[i] == "AS" && is_name(text[i + 1]) && names_one_of(text, i, found.columns)) found.columns.insert(text[i + 1]);
  }
  return found;
}

// How many tokens of one of the types stand at `i`, with the brackets of an array; 0: none does.
std::size_t type_at(const Tokens& text, std::size_t i, const Retypings& retypings) {
  std::size_t longest = 0;
  for (const Retyping& each : retypings.types)
    for (const Tokens* type : {&each.before, &each.after})
      if (is_at(text, i, *type)) longest = std::max(longest, type->size());
  return longest > 0 && is_at(text, i + longest, {"[", "]"}) ? longest + 2 : longest;
}

// Whether one of the names stands in the innermost brackets, parentheses or CASE around the place: what stands beside such
// a column gets its type, "ARRAY[datcollate, (datname)::text]".
bool stands_beside(const Tokens& text, std::size_t place, const std::set<std::string_view>& names) {
  const auto step = [](std::string_view token) {
    return token == "(" || token == "[" || token == "CASE" ? 1 : token == ")" || token == "]" || token == "END" ? -1 : 0;
  };
  std::size_t begin = place, end = place;
  for (int depth = 0; begin > 0 && depth < 1; --begin) depth += step(text[begin - 1]);
  for (int depth = 0; end < text.size() && depth > -1; ++end) depth += step(text[end]);
  if (begin == 0 || end == text.size()) return false;
  return std::any_of(text.begin() + static_cast<std::ptrdiff_t>(begin), text.begin() + static_cast<std::ptrdiff_t>(end),
                     [&](std::string_view token) { return names.contains(token); });
}

// Without casts of such columns, and of what stands beside them, to these types, and without names that a column has anyhow. A cast is printed as
// "(what is cast)::type".
Tokens without_casts(const Tokens& text, const Retypings& retypings) {
  Tokens kept;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (const std::size_t cast = is_at(text, i, {":", ":"}) ? type_at(text, i + 2, retypings) : 0; cast > 0 && !kept.empty() && kept.back() == ")") {
      const std::size_t open = opening_of(kept, kept.size() - 1);
      const Tokens operand = part_of(kept, std::min(open + 1, kept.size() - 1), kept.size() - 1);
      const bool theirs = std::any_of(operand.begin(), operand.end(), [&](std::string_view token) { return retypings.columns.contains(token); });
      if (theirs || stands_beside(text, i, retypings.columns)) {
        kept.resize(open);
        kept.insert(kept.end(), operand.begin(), operand.end());
        i += cast + 1;
        continue;
      }
    }
    if (text[i] == "AS" && i + 1 < text.size() && !kept.empty() && kept.back() == text[i + 1] && retypings.columns.contains(text[i + 1]))
      ++i;
    else
      kept.push_back(text[i]);
  }
  return kept;
}

// "; columns (a name, b integer);": takes the list out of the text, split at its commas.
std::vector<Tokens> take_columns(Tokens& text) {
  std::vector<Tokens> columns;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_at(text, i, {";", "columns", "("})) continue;
    std::size_t end = i + 3;
    int depth = 1;
    columns.emplace_back();
    for (; end < text.size(); ++end) {
      depth += text[end] == "(" ? 1 : text[end] == ")" ? -1 : 0;
      if (depth == 0) break;
      if (depth == 1 && text[end] == ",")
        columns.emplace_back();
      else
        columns.back().push_back(text[end]);
    }
    Tokens rest = part_of(text, 0, i);
    if (end < text.size()) rest.insert(rest.end(), text.begin() + static_cast<std::ptrdiff_t>(end + 1), text.end());
    text = std::move(rest);
    break;
  }
  return columns;
}

bool same_column(const Tokens& source, const Tokens& target, const Retypings& retypings) {
  if (source == target) return true;
  if (source.empty() || target.empty() || source.front() != target.front()) return false;
  return std::any_of(retypings.types.begin(), retypings.types.end(), [&](const Retyping& each) {
    const std::size_t before = 1 + each.before.size(), after = 1 + each.after.size();
    return is_at(source, 1, each.before) && is_at(target, 1, each.after) && part_of(source, before, source.size()) == part_of(target, after, target.size()) &&
           (source.size() == before || is_at(source, before, {"[", "]"}));
  });
}

// A list of names behind a relation or function of the system that has grown: the places of its parentheses.
struct NameList {
  std::size_t open = 0, close = 0;
};

std::vector<NameList> name_lists(const Tokens& text, const SystemChanges& system) {
  std::vector<NameList> lists;
  for (std::size_t i = 2; i < text.size(); ++i) {
    if (text[i] != "(" || !is_name(text[i - 1])) continue;
    std::size_t owner = i - 2;
    if (text[owner] == ")") {
      const std::size_t open = opening_of(text, owner);
      if (open == owner || open == 0) continue;
      owner = open - 1;
    }
    if (!system.grown.contains(std::string(text[owner])) || (owner > 0 && text[owner - 1] == ".")) continue;
    std::size_t end = i + 1;
    while (end + 1 < text.size() && is_name(text[end]) && text[end + 1] == ",") end += 2;
    if (end + 1 < text.size() && is_name(text[end]) && text[end + 1] == ")") lists.push_back({i, end + 1});
  }
  return lists;
}

// The target's text without the names at the end of such lists that the source's doesn't have.
Tokens without_further_names(const Tokens& target, const Tokens& source, const SystemChanges& system) {
  const auto ours = name_lists(source, system), theirs = name_lists(target, system);
  if (ours.size() != theirs.size()) return target;
  Tokens kept;
  std::size_t done = 0;
  for (std::size_t k = 0; k < ours.size(); ++k) {
    const std::size_t length = ours[k].close - ours[k].open;
    if (theirs[k].close - theirs[k].open <= length) continue;
    const Tokens before = part_of(target, done, theirs[k].open + length);
    kept.insert(kept.end(), before.begin(), before.end());
    done = theirs[k].close;
  }
  const Tokens rest = part_of(target, done, target.size());
  kept.insert(kept.end(), rest.begin(), rest.end());
  return kept;
}

bool same_but_for_qualifier_in(const Tokens& ours, const Tokens& theirs) {
  return ours.size() > theirs.size() ? adds_qualifier(ours, theirs) : adds_qualifier(theirs, ours);
}

}  // namespace

bool same_but_for_system(std::string_view source, std::string_view target, const SystemChanges& system, bool view) {
  if (system.empty()) return false;
  const std::string pushed_source = push_array_casts(source), pushed_target = push_array_casts(target);
  Tokens ours = without_blanks(tokens(pushed_source)), theirs = without_blanks(tokens(pushed_target));
  const Retypings retypings = retypings_in(ours, system);
  if (retypings.columns.empty() && name_lists(ours, system).empty()) return false;
  theirs = without_further_names(theirs, ours, system);
  const auto columns = take_columns(ours), others = take_columns(theirs);
  if (!std::equal(columns.begin(), columns.end(), others.begin(), others.end(),
                  [&](const Tokens& one, const Tokens& other) { return same_column(one, other, retypings); }))
    return false;
  ours = without_casts(ours, retypings);
  theirs = without_casts(theirs, retypings);
  return ours == theirs || (view && same_but_for_qualifier_in(ours, theirs));
}

bool same_but_for_qualifier(std::string_view left, std::string_view right) {
  if (left == right) return true;
  return same_but_for_qualifier_in(tokens(left), tokens(right));
}

std::string push_array_casts(std::string_view text) {
  if (text.find(opening) == std::string_view::npos) return std::string(text);
  std::string result;
  for (std::size_t i = 0; i < text.size();) {
    if (text.substr(i, opening.size()) == opening) {
      if (const auto array = parse(text, i); array.end > 0) {
        result += "ARRAY[";
        for (std::size_t n = 0; n < array.elements.size(); ++n) {
          if (n > 0) result += ", ";
          result += "(" + push_array_casts(array.elements[n]) + ")::" + std::string(array.element_type);
        }
        result += "]";
        i = array.end;
        continue;
      }
    }
    const auto next = skip(text, i);
    result += text.substr(i, next - i);
    i = next;
  }
  return result;
}

}  // namespace pgconvoy
