// Durations as people write them in a fleet file: 90s, 5m, 1h30m.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/core/clock.hpp"

namespace pgconvoy {

// One or more numbers with a unit (d, h, m, s), units in falling order, each once; the seconds may have decimals.
// nullopt for anything else, a sum of zero included.
std::optional<Seconds> parse_short_duration(std::string_view text);

// The inverse, exactly. REQUIRES: more than zero.
std::string format_short_duration(Seconds duration);

}  // namespace pgconvoy
