// Text of others (servers, programs, file names) made safe for a terminal, a log line and a report.
#pragma once

#include <string>
#include <string_view>

namespace pgconvoy {

// One line: runs of white space and control characters (C0, DEL, and C1 in UTF-8) become one space, none stays
// at the ends. Other bytes are kept.
std::string printable(std::string_view text);

// At most `bytes` bytes, cut before a character of UTF-8 and marked with "...".
std::string shortened(std::string text, std::size_t bytes);

}  // namespace pgconvoy
