// Expressions as PostgreSQL prints them, in one of the forms that mean the same.
#include <algorithm>
#include <cctype>
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

// How many tokens of one of the types stand at `i`, with the brackets of an array; 0: none does.
std::size_t type_at(const Tokens& text, std::size_t i, const std::vector<Tokens>& types) {
  std::size_t longest = 0;
  for (const Tokens& type : types)
    if (is_at(text, i, type)) longest = std::max(longest, type.size());
  return longest > 0 && is_at(text, i + longest, {"[", "]"}) ? longest + 2 : longest;
}

// A cast is printed as "(what is cast)::type".
void drop_parentheses(Tokens& text) {
  if (text.empty() || text.back() != ")") return;
  std::size_t open = text.size();
  for (int depth = 0; open > 0;) {
    --open;
    depth += text[open] == ")" ? 1 : text[open] == "(" ? -1 : 0;
    if (depth == 0) break;
  }
  text.pop_back();
  text.erase(text.begin() + static_cast<std::ptrdiff_t>(open));
}

// Without casts to these types, and names that a column has anyhow; in the list of a view's columns with one
// sign for all of them.
Tokens without_types(const Tokens& text, const std::vector<Tokens>& types) {
  Tokens kept;
  bool in_columns = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_at(text, i, {";", "columns", "("})) in_columns = true;
    if (in_columns && is_at(text, i, {")", ";"})) in_columns = false;
    const bool starts_column = kept.empty() || kept.back() == "(" || kept.back() == ",";
    if (const std::size_t size = in_columns && !starts_column ? type_at(text, i, types) : 0; size > 0) {
      kept.push_back("*");
      i += size - 1;
    } else if (const std::size_t cast = is_at(text, i, {":", ":"}) ? type_at(text, i + 2, types) : 0; cast > 0) {
      drop_parentheses(kept);
      i += cast + 1;
    } else if (text[i] == "AS" && i + 1 < text.size() && !kept.empty() && is_name(text[i + 1]) && kept.back() == text[i + 1]) {
      ++i;
    } else {
      kept.push_back(text[i]);
    }
  }
  return kept;
}

bool is_word_of_sql(std::string_view token) {
  return std::none_of(token.begin(), token.end(), [](unsigned char c) { return std::islower(c) || c == '"'; });
}

// A list of names behind the name of a relation of the system, a function or a join: the places of its parentheses.
struct NameList {
  std::size_t open = 0, close = 0;
};

std::vector<NameList> name_lists(const Tokens& text) {
  std::vector<NameList> lists;
  for (std::size_t i = 2; i < text.size(); ++i) {
    if (text[i] != "(" || !is_name(text[i - 1]) || is_word_of_sql(text[i - 1])) continue;
    if (text[i - 2] != ")" && !text[i - 2].starts_with("pg_")) continue;
    std::size_t end = i + 1;
    while (end + 1 < text.size() && is_name(text[end]) && text[end + 1] == ",") end += 2;
    if (end + 1 < text.size() && is_name(text[end]) && text[end + 1] == ")") lists.push_back({i, end + 1});
  }
  return lists;
}

// Without the names at the end of such lists that `other` doesn't have: the server prints one for each column that the
// relation or function has, and that may be more of them here.
Tokens without_further_names(const Tokens& text, const Tokens& other) {
  const auto ours = name_lists(text), theirs = name_lists(other);
  Tokens kept;
  std::size_t done = 0;
  for (std::size_t k = 0; k < std::min(ours.size(), theirs.size()); ++k) {
    const std::size_t length = theirs[k].close - theirs[k].open;
    if (ours[k].close - ours[k].open <= length) continue;
    kept.insert(kept.end(), text.begin() + static_cast<std::ptrdiff_t>(done), text.begin() + static_cast<std::ptrdiff_t>(ours[k].open + length));
    done = ours[k].close;
  }
  kept.insert(kept.end(), text.begin() + static_cast<std::ptrdiff_t>(done), text.end());
  return kept;
}

Tokens without_blanks(const Tokens& all) {
  Tokens text;
  for (const std::string_view token : all)
    if (!std::isspace(static_cast<unsigned char>(token[0]))) text.push_back(token);
  return text;
}

bool same_but_for_qualifier_in(const Tokens& ours, const Tokens& theirs) {
  return ours.size() > theirs.size() ? adds_qualifier(ours, theirs) : adds_qualifier(theirs, ours);
}

}  // namespace

bool same_but_for_system(std::string_view source, std::string_view target, const RetypedColumns& retyped) {
  const std::string pushed_source = push_array_casts(source), pushed_target = push_array_casts(target);
  const Tokens ours = without_blanks(tokens(pushed_source)), theirs = without_further_names(without_blanks(tokens(pushed_target)), ours);
  std::vector<Tokens> types;
  for (const auto& [column, its] : retyped) {
    if (std::find(ours.begin(), ours.end(), column) == ours.end()) continue;
    for (const std::string& type : its) {
      types.emplace_back();
      for (const std::string_view token : tokens(type))
        if (token != " ") types.back().push_back(token);
    }
  }
  if (types.empty()) return same_but_for_qualifier_in(ours, theirs);
  return same_but_for_qualifier_in(without_types(ours, types), without_types(theirs, types));
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
