// Text of others inside HTML, XML and CSV. Pure.
#pragma once

#include <string>
#include <string_view>

namespace pgconvoy::report {

// shown(), with what has a meaning in HTML and XML escaped: fit for text and for attributes in quotes. Characters that XML 1.0
// doesn't know become "?".
std::string escaped_markup(std::string_view text);

// The same for HTML, set apart from its surroundings: a name that is written from right to left, or says so, turns nothing around it.
std::string markup_name(std::string_view text);

// A field as RFC 4180 has it: quoted where it must be, quotes doubled. What a spreadsheet would take for a formula gets an
// apostrophe in front. Control characters stay out.
std::string csv_field(std::string_view text);

}  // namespace pgconvoy::report
