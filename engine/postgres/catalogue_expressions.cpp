// Expressions as PostgreSQL prints them, in one of the forms that mean the same.
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

}  // namespace

bool same_but_for_qualifier(std::string_view left, std::string_view right) {
  if (left == right) return true;
  const auto ours = tokens(left), theirs = tokens(right);
  return ours.size() > theirs.size() ? adds_qualifier(ours, theirs) : adds_qualifier(theirs, ours);
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
