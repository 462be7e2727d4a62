#pragma once

#include <string>
#include <string_view>

namespace pgconvoy {

// TEXT as a part of a URL (RFC 3986): each byte that isn't a letter, digit, or one of "-._~" becomes %XX in capital
// hexadecimal. Any thread.
std::string percent_encoded(std::string_view text);

}  // namespace pgconvoy
