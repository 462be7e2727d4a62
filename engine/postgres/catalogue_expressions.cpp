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

Tokens without_blanks(const Tokens& all) {
  Tokens text;
  for (const std::string_view token : all)
    if (!std::isspace(static_cast<unsigned char>(token[0]))) text.push_back(token);
  return text;
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

// Words of SQL are printed in capitals, and names with capitals in quotes.
bool is_word_of_sql(std::string_view token) {
  return std::none_of(token.begin(), token.end(), [](unsigned char c) { return std::islower(c) || c == '"'; });
}

// "(a, b)" behind a name: names of columns by position, or arguments.
struct NameList {
  std::string owner;  // what the name is for: "pg_locks" in "pg_locks l(a, b)", "f" in "f(1) l(a, b)"; "" when it can't be told
  Tokens names;
};

std::string owner_of(const Tokens& text, std::size_t alias) {
  if (alias == 0) return {};
  std::size_t owner = alias - 1;
  if (text[owner] == ")") {
    const std::size_t open = opening_of(text, owner);
    if (open == owner || open == 0) return {};
    owner = open - 1;
  }
  const bool qualified = owner > 0 && text[owner - 1] == ".";
  return qualified || !is_name(text[owner]) ? std::string() : std::string(text[owner]);
}

std::vector<NameList> name_lists(const Tokens& text) {
  std::vector<NameList> lists;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] != "(" || !is_name(text[i - 1]) || is_word_of_sql(text[i - 1])) continue;
    NameList list;
    std::size_t end = i + 1;
    for (; end + 1 < text.size() && is_name(text[end]); end += 2) {
      list.names.push_back(text[end]);
      if (text[end + 1] != ",") break;
    }
    if (list.names.empty() || end + 1 >= text.size() || text[end + 1] != ")") continue;
    list.owner = owner_of(text, i - 1);
    lists.push_back(std::move(list));
  }
  return lists;
}

bool same_but_for_qualifier_in(const Tokens& ours, const Tokens& theirs) {
  return ours.size() > theirs.size() ? adds_qualifier(ours, theirs) : adds_qualifier(theirs, ours);
}

}  // namespace

ViewParts view_parts(const std::string& definition) {
  const Tokens text = without_blanks(tokens(definition));
  const auto place = [&](std::size_t i) { return static_cast<std::size_t>(text[i].data() - definition.data()); };
  for (std::size_t i = 0; i + 2 < text.size(); ++i) {
    if (text[i] != ";" || text[i + 1] != "columns" || text[i + 2] != "(") continue;
    int depth = 0;
    for (std::size_t end = i + 2; end + 2 < text.size(); ++end) {
      depth += text[end] == "(" ? 1 : text[end] == ")" ? -1 : 0;
      if (depth > 0) continue;
      if (text[end + 1] != ";") return {};
      const std::size_t columns = place(i + 2) + 1, query = place(end + 1) + 2;  // behind "(", and behind "; "
      return {definition.substr(0, place(i)), definition.substr(columns, place(end) - columns), definition.substr(std::min(query, definition.size()))};
    }
    return {};
  }
  return {};
}

bool same_positions(std::string_view source, std::string_view target, const GrownObjects& grown) {
  const auto ours = name_lists(without_blanks(tokens(source))), theirs = name_lists(without_blanks(tokens(target)));
  return std::equal(ours.begin(), ours.end(), theirs.begin(), theirs.end(), [&](const NameList& one, const NameList& other) {
    if (one.names == other.names) return true;
    return one.owner == other.owner && grown.contains(one.owner) && one.names.size() < other.names.size() &&
           std::equal(one.names.begin(), one.names.end(), other.names.begin());
  });
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
