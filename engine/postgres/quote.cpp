#include "engine/postgres/session.hpp"

namespace pgconvoy {
namespace {

std::string doubled(std::string_view text, std::string_view characters) {
  std::string result;
  for (char character : text) {
    if (characters.find(character) != std::string_view::npos) result += character;
    result += character;
  }
  return result;
}

}  // namespace

std::string quote_identifier(std::string_view name) { return '"' + doubled(name, "\"") + '"'; }

// A backslash is only safe in the E form, which means the same whatever standard_conforming_strings is.
std::string quote_literal(std::string_view value) {
  if (value.find('\\') == std::string_view::npos) return '\'' + doubled(value, "'") + '\'';
  return " E'" + doubled(value, "'\\") + '\'';
}

}  // namespace pgconvoy
