#include "engine/fleet/utf8.hpp"

#include <fmt/format.h>

namespace pgconvoy {
namespace {

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Bytes of the well-formed character at the start of `text`; 0 when there is none (Unicode, table 3-7).
std::size_t character_length(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xC2 && first <= 0xDF   ? 2
                             : first >= 0xE0 && first <= 0xEF ? 3
                             : first >= 0xF0 && first <= 0xF4 ? 4
                                                              : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t at = 1; at < length; ++at)
    if (!is_continuation(text[at])) return 0;
  const unsigned char second = byte(1);
  if (first == 0xE0 && second < 0xA0) return 0;
  if (first == 0xED && second > 0x9F) return 0;
  if (first == 0xF0 && second < 0x90) return 0;
  if (first == 0xF4 && second > 0x8F) return 0;
  return length;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string_view without_byte_order_mark(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  return text;
}

std::optional<FileProblem> find_unreadable(std::string_view text) {
  int line = 1;
  std::size_t line_start = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const int column = static_cast<int>(at - line_start) + 1;
    if (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r')
      return FileProblem{
          line, column,
          fmt::format("control character 0x{:02X}; a fleet file is UTF-8 text (write it as \"\\x{:02X}\")", byte,
                      byte)};
    const std::size_t length = character_length(text.substr(at));
    if (length == 0)
      return FileProblem{line, column, fmt::format("not UTF-8 (byte 0x{:02X}); save the file as UTF-8", byte)};
    at += length;
    if (byte == '\n') {
      ++line;
      line_start = at;
    }
  }
  return std::nullopt;
}

void columns_in_characters(std::string_view text, std::vector<FileProblem>& problems) {
  int line = 1;
  int bytes = 0;
  int characters = 0;
  std::size_t at = 0;
  for (FileProblem& problem : problems) {
    if (problem.line < 1) continue;
    while (at < text.size() && (line < problem.line || (line == problem.line && bytes + 1 < problem.column))) {
      const char c = text[at++];
      if (c == '\n') {
        ++line;
        bytes = characters = 0;
      } else {
        ++bytes;
        if (!is_continuation(c)) ++characters;
      }
    }
    if (line == problem.line && problem.column == bytes + 1) problem.column = characters + 1;
  }
}

}  // namespace pgconvoy
