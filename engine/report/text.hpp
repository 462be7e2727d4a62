// Text as it stands in a terminal's columns. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/clock.hpp"

namespace pgconvoy::report {

// Text of others on one line that any terminal and any JSON writer can take: printable(), and what isn't UTF-8 as "?".
std::string shown(std::string_view text);
// The same for each line of a text; line breaks stay.
std::string shown_lines(std::string_view text);

// Columns that the text takes: combining characters take none, East Asian wide ones two. Escapes of Style count too:
// measure before colouring.
std::size_t width_of(std::string_view text);

enum class Align { left, right };
// Filled up with blanks to that width; longer text stays as it is.
std::string padded(std::string_view text, std::size_t width, Align align = Align::left);
// At most that many columns, the last one ".." when something was cut.
std::string cut(std::string_view text, std::size_t width);

// Lines of at most `width` columns, broken at blanks; a longer word stays whole. Every line after the first begins
// with `indent` blanks; the first one's place is the caller's.
std::string wrapped(std::string_view text, std::size_t width, std::size_t indent);

// "1 target", "24 targets"; "1,234 rows"
std::string count(std::int64_t number, std::string_view noun);
std::string with_separators(std::int64_t number);

// "22:49:03" of the wall clock, in UTC.
std::string clock_time(WallTime time);
// "2026-11-22 21:49 UTC" from RFC 3339; the text itself when it is none.
std::string day_and_time(const std::string& rfc3339);

}  // namespace pgconvoy::report
