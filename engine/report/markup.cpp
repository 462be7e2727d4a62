#include "engine/report/markup.hpp"

#include "engine/report/text.hpp"

namespace pgconvoy::report {

std::string escaped_markup(std::string_view text) {
  const std::string safe = shown(text);
  std::string out;
  out.reserve(safe.size());
  for (std::size_t i = 0; i < safe.size(); ++i) {
    switch (safe[i]) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      case '\xef':  // U+FFFE and U+FFFF
        if (i + 2 < safe.size() && safe[i + 1] == '\xbf' && (safe[i + 2] == '\xbe' || safe[i + 2] == '\xbf')) {
          out += '?';
          i += 2;
          break;
        }
        [[fallthrough]];
      default: out += safe[i];
    }
  }
  return out;
}

std::string markup_name(std::string_view text) { return "<bdi>" + escaped_markup(text) + "</bdi>"; }

std::string csv_field(std::string_view text) {
  // What begins with blanks is a formula to some programs all the same; a tab or a line break is none any more.
  std::string field = shown(text);
  if (const std::size_t first = field.find_first_not_of(" "); first != std::string::npos && std::string_view("=+-@|%").find(field[first]) != std::string_view::npos)
    field.insert(0, "'");
  // Some take full-width signs for the same.
  for (const char* sign : {"\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0"})
    if (field.starts_with(sign)) field.insert(0, "'");
  if (field.find_first_of(",\"\n\r;") == std::string::npos) return field;
  std::string quoted = "\"";
  for (const char c : field) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

}  // namespace pgconvoy::report
