#include "engine/report/targets_tally.hpp"

#include <algorithm>

#include "engine/report/run_summary.hpp"

namespace pgconvoy::report {

void TargetsTally::add(const TargetSummary& target) {
  RegionCounts& region = regions_[target.region];
  ++totals_.targets;
  switch (target.state) {
    case TargetState::succeeded:
      ++totals_.succeeded;
      ++region.succeeded;
      totals_.bytes += target.bytes;
      totals_.verified_rows += target.verified_rows;
      totals_.verified_bytes += target.verified_bytes;
      if (target.paused) pauses_.push_back(*target.paused);
      break;
    case TargetState::rolled_back:
    case TargetState::stuck:
      ++(target.asked_back ? totals_.undone : totals_.failed);
      ++(target.asked_back ? region.undone : region.failed);
      break;
    case TargetState::skipped:
      ++totals_.skipped;
      ++region.skipped;
      totals_.cancelled += target.cancelled;
      break;
    case TargetState::pending:
      ++totals_.left;
      ++region.left;
      break;
    default:
      ++totals_.left;
      ++region.in_flight;
  }
}

RunTotals TargetsTally::totals() const {
  RunTotals totals = totals_;
  if (pauses_.empty()) return totals;
  std::vector<Seconds> pauses = pauses_;
  std::sort(pauses.begin(), pauses.end());
  const std::size_t middle = pauses.size() / 2;
  totals.paused_median = pauses.size() % 2 ? pauses[middle] : (pauses[middle - 1] + pauses[middle]) / 2;
  totals.paused_longest = pauses.back();
  return totals;
}

}  // namespace pgconvoy::report
