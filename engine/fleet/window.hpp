// When a region may be worked on, in its own local time. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/core/time_zone.hpp"

namespace pgconvoy {

// One that ends before it begins ends on the next day.
struct Window {
  unsigned days = 0x7f;  // bit 0 Monday .. bit 6 Sunday: those on which it opens
  int from = 0, to = 0;  // minutes after midnight; to is 1 .. 24 * 60, and equal to `from` for a whole day
  bool operator==(const Window&) const = default;
};

// "01:00-05:00", "mon-fri 01:00-05:00", "sat,sun 22:00-06:00". Error usage that says what is wrong.
Result<Window> parse_window(const std::string& text);
std::string to_string(const Window& window);  // the inverse, in one form

struct OpenTime {
  WallTime open, close;
  bool contains(WallTime time) const { return open <= time && time < close; }
  bool operator==(const OpenTime&) const = default;
};

// The opening that holds `now`, else the next one; windows that touch or overlap are one opening. One that the clocks
// jump over isn't there that night. Empty `windows`: none. Looks ahead for five weeks.
std::optional<OpenTime> current_or_next(const std::vector<Window>& windows, const TimeZone& zone, WallTime now);

// All openings that end after `from` and begin before `until`, in order.
std::vector<OpenTime> open_times(const std::vector<Window>& windows, const TimeZone& zone, WallTime from, WallTime until);

}  // namespace pgconvoy
