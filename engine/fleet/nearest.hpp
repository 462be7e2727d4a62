// "did you mean ...?"
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pgconvoy {

// The candidate with the smallest edit distance to `wanted` (a swap of neighbours counts as one), when that is at
// most a third of its length, rounded up; else "". The first one of equals.
std::string nearest(std::string_view wanted, const std::vector<std::string_view>& candidates);

// " (did you mean "server"?)", or "" when nothing is near.
std::string did_you_mean(std::string_view wanted, const std::vector<std::string_view>& candidates);

// Text from a file or an argument as it may stand in a message: in double quotes, control characters escaped, cut
// after 60 characters.
std::string in_quotes(std::string_view text);

}  // namespace pgconvoy
