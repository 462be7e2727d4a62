// The text of a file before it is parsed: is it UTF-8, and which character is at fault.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "engine/fleet/file.hpp"

namespace pgconvoy {

bool is_utf8(std::string_view text);

// The text after the byte order mark that some editors put in front.
std::string_view without_byte_order_mark(std::string_view text);

// The first byte that isn't UTF-8 (overlong forms and surrogates included) or is a control character other than tab,
// line feed and carriage return. Its column is in bytes.
std::optional<FileProblem> find_unreadable(std::string_view text);

// Turns columns in bytes, as yaml-cpp counts them, into columns in characters. REQUIRES: sorted by line and column.
void columns_in_characters(std::string_view text, std::vector<FileProblem>& problems);

}  // namespace pgconvoy
