// Moments as people write them in a fleet file: a day, or a day with a time and its zone. Pure.
#pragma once

#include <optional>
#include <string>

#include "engine/core/clock.hpp"

namespace pgconvoy {

// "2026-12-20" (midnight UTC; with `last_day` the midnight after it, for an end that takes the day in), or RFC 3339 with or
// without seconds: "2026-12-20T18:00Z", "2026-12-20T18:00:30+01:00". nullopt for anything else.
std::optional<WallTime> parse_moment(const std::string& text, bool last_day = false);

// RFC 3339 in UTC, whole seconds: 2026-12-20T18:00:00Z
std::string format_moment(WallTime moment);

}  // namespace pgconvoy
