// The windows of a run's regions, as the schedule takes them. Pure: it is told what time it is.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/fleet/fleet.hpp"
#include "engine/fleet/window.hpp"
#include "engine/plan/schedule.hpp"

namespace pgconvoy {

// "mon-fri 01:00-05:00; sun 02:00-06:00", each in its region's local time; "always" for none. "" for the fleet's own.
// Error usage.
Result<std::vector<Window>> parse_windows(const std::string& text);

// Under which an environment's own windows stand among the openings: the same for all of its region that have the same.
// REQUIRES: it has some.
std::string windows_key(const Environment& environment);

class RegionWindows {
 public:
  // `windows` as parse_windows() takes it, for all regions; an environment's own hold beside them, but for "always".
  // REQUIRES: it was accepted, and the fleet was validated.
  RegionWindows(const Fleet& fleet, const std::string& windows);

  // For each region that has windows, and each windows_key(). Looks into the calendar only when an opening is over.
  const std::map<std::string, Opening>& at(WallTime now);

 private:
  struct Region {
    TimeZone zone;
    std::vector<Window> windows;
    std::optional<OpenTime> time = std::nullopt;  // the current or next one; none: not looked, or there is none in sight
    std::optional<Seconds> longest = std::nullopt;  // of its windows
    bool open = false;                            // at the last look
    bool of_region = true;                        // not an environment's own
  };
  std::map<std::string, Region> regions_;
  std::map<std::string, Opening> openings_;
};

}  // namespace pgconvoy
