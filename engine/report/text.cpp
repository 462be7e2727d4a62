#include "engine/report/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/core/printable.hpp"

namespace pgconvoy::report {
namespace {

struct Character {
  char32_t code = 0xfffd;
  std::size_t bytes = 1;
  bool valid = false;
};

// Overlong forms and surrogates count as invalid.
Character character_at(std::string_view text, std::size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  if (first < 0x80) return {first, 1, true};
  const std::size_t length = first >= 0xf0 && first < 0xf5 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (length == 0 || first >= 0xf5 || at + length > text.size()) return {};
  char32_t code = first & (0xffu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[at + i]);
    if ((next & 0xc0) != 0x80) return {};
    code = code << 6 | (next & 0x3f);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  if (overlong || (code >= 0xd800 && code < 0xe000) || code > 0x10ffff) return {};
  return {code, length, true};
}

struct Range {
  char32_t first, last;
};
// The blocks that matter in names: Unicode's EastAsianWidth.txt (W, F) and combining marks, joined where close.
constexpr std::array<Range, 8> kWide{{{0x1100, 0x115f}, {0x2e80, 0xa4cf}, {0xac00, 0xd7a3}, {0xf900, 0xfaff},
                                      {0xfe30, 0xfe6f}, {0xff00, 0xff60}, {0x1f300, 0x1faff}, {0x20000, 0x3fffd}}};
constexpr std::array<Range, 6> kZero{{{0x300, 0x36f}, {0x200b, 0x200f}, {0x202a, 0x202e}, {0x2060, 0x206f},
                                      {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}}};

template <std::size_t size>
bool in(const std::array<Range, size>& ranges, char32_t code) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const Range& range) { return code >= range.first && code <= range.last; });
}

std::size_t columns_of(char32_t code) { return in(kZero, code) ? 0 : in(kWide, code) ? 2 : 1; }

// Marks that turn the direction of writing could make a name look like another one.
bool deceives(char32_t code) {
  return (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) || code == 0x200e || code == 0x200f ||
         code == 0x2028 || code == 0x2029;
}

}  // namespace

std::string shown(std::string_view text) {
  const std::string line = printable(text);
  std::string result;
  for (std::size_t at = 0; at < line.size();) {
    const Character next = character_at(line, at);
    if (next.valid && !deceives(next.code))
      result.append(line, at, next.bytes);
    else
      result += '?';
    at += next.bytes;
  }
  return result;
}

std::string shown_lines(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    const std::size_t indent = std::min(line.find_first_not_of(' '), line.size());
    if (!result.empty()) result += '\n';
    result += std::string(indent, ' ') + shown(line);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return result;
}

std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Character next = character_at(text, at);
    width += columns_of(next.code);
    at += next.bytes;
  }
  return width;
}

std::string padded(std::string_view text, std::size_t width, Align align) {
  const std::size_t taken = width_of(text);
  const std::string blanks(taken < width ? width - taken : 0, ' ');
  return align == Align::left ? std::string(text) + blanks : blanks + std::string(text);
}

std::string cut(std::string_view text, std::size_t width) {
  if (width_of(text) <= width) return std::string(text);
  const std::size_t room = width < 2 ? 0 : width - 2;
  std::size_t taken = 0, at = 0;
  while (at < text.size()) {
    const Character next = character_at(text, at);
    if (taken + columns_of(next.code) > room) break;
    taken += columns_of(next.code);
    at += next.bytes;
  }
  return std::string(text.substr(0, at)) + std::string(std::min<std::size_t>(width, 2), '.');
}

std::string wrapped(std::string_view text, std::size_t width, std::size_t indent) {
  std::string result;
  std::size_t column = indent;
  while (!text.empty()) {
    const std::size_t blank = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, blank);
    const std::size_t wide = width_of(word);
    if (column > indent && column + 1 + wide > width) {
      result += '\n' + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      result += ' ';
      ++column;
    }
    result += word;
    column += wide;
    text.remove_prefix(std::min(blank + 1, text.size()));
  }
  return result;
}

std::string with_separators(std::int64_t number) {
  std::string digits = std::to_string(number < 0 ? -number : number);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return (number < 0 ? "-" : "") + digits;
}

std::string count(std::int64_t number, std::string_view noun) {
  return fmt::format("{} {}{}", with_separators(number), noun, number == 1 ? "" : "s");
}

std::string clock_time(WallTime time) { return format_utc(time).substr(11, 8); }

std::string day_and_time(const std::string& rfc3339) {
  if (parse_utc(rfc3339) == WallTime{}) return shown(rfc3339);
  return rfc3339.substr(0, 10) + " " + rfc3339.substr(11, 5) + " UTC";
}

}  // namespace pgconvoy::report
