// Many targets in a few numbers: whoever only counts needn't hold them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/clock.hpp"

namespace pgconvoy::report {

struct TargetSummary;

struct RunTotals {
  // failed: rolled back by itself, and stuck; undone: rolled back as asked
  int targets = 0, succeeded = 0, failed = 0, undone = 0, skipped = 0, left = 0;
  int cancelled = 0;  // of the skipped ones
  std::int64_t bytes = 0, verified_rows = 0, verified_bytes = 0;      // of those that succeeded
  std::optional<Seconds> time, paused_median, paused_longest;
};

// The same words for one region; what is under way is not among what is left.
struct RegionCounts {
  int succeeded = 0, failed = 0, undone = 0, skipped = 0, in_flight = 0, left = 0;
};

// Any order. Holds eight bytes for each target that was paused, and nothing else that grows.
class TargetsTally {
 public:
  void add(const TargetSummary& target);
  RunTotals totals() const;  // without the time
  const std::map<std::string, RegionCounts>& regions() const { return regions_; }

 private:
  RunTotals totals_;
  std::vector<Seconds> pauses_;  // of those that succeeded
  std::map<std::string, RegionCounts> regions_;
};

}  // namespace pgconvoy::report
