// How fast a run goes, from what the journal says of its targets alone: of a run too large to be simulated for a look at it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/core/clock.hpp"
#include "engine/journal/event.hpp"

namespace pgconvoy::report {

// Waves, soaks, windows and people's answers are not in it.
struct RecentPace {
  int ended = 0;        // targets, within `seen`
  Seconds seen{0};      // up to now: an hour, or since the process at work began
  int left = 0;         // pending and in flight
  double per_hour = 0;  // targets
  Seconds to_go{0};     // for those that are left
};

// Counts one target after the other, so that nobody need hold them all.
class PaceMeter {
 public:
  explicit PaceMeter(WallTime now) : now_(now), begin_(now) {}
  void add(const TargetRecord& target);
  std::optional<RecentPace> pace() const;  // as recent_pace()

 private:
  WallTime now_, begin_;
  RecentPace pace_;
};

// Of a run that a process is at work on. Unset while too little was seen: fewer than five ends, or less than a minute. Pure.
std::optional<RecentPace> recent_pace(const std::vector<TargetRecord>& targets, WallTime now);

// "about 12 h 40 min to go for 3,926 targets at the pace of the last hour (310 an hour), without soaks, windows and answers"
std::string pace_in_words(const RecentPace& pace);

}  // namespace pgconvoy::report
