#include "engine/report/recent_pace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/report/text.hpp"

namespace pgconvoy::report {
namespace {

constexpr int kFewestEnds = 5;
constexpr Seconds kShortest{60}, kLongest{3600};

bool has_ended(const TargetRecord& target) {
  return target.state == TargetState::succeeded || target.state == TargetState::skipped || target.state == TargetState::rolled_back;
}

}  // namespace

void PaceMeter::add(const TargetRecord& target) {
  if (target.state == TargetState::pending || target.state == TargetState::running || target.state == TargetState::rolling_back) ++pace_.left;
  if (!has_ended(target) || !target.ended || !target.started || now_ - *target.ended > kLongest) return;
  ++pace_.ended;
  // What was begun before a night without a process says nothing of that night.
  begin_ = std::min(begin_, *target.started);
}

std::optional<RecentPace> PaceMeter::pace() const {
  RecentPace pace = pace_;
  pace.seen = std::min(kLongest, Seconds(now_ - begin_));
  if (pace.ended < kFewestEnds || pace.seen < kShortest || pace.left == 0) return std::nullopt;
  pace.per_hour = pace.ended / pace.seen.count() * 3600;
  pace.to_go = Seconds(pace.left / pace.per_hour * 3600);
  return pace;
}

std::optional<RecentPace> recent_pace(const std::vector<TargetRecord>& targets, WallTime now) {
  PaceMeter meter(now);
  for (const TargetRecord& target : targets) meter.add(target);
  return meter.pace();
}

std::string pace_in_words(const RecentPace& pace) {
  const std::string seen = pace.seen >= kLongest ? "hour" : format_duration(Seconds(std::floor(pace.seen.count())));
  return fmt::format("about {} to go for {} at the pace of the last {} ({} an hour), without soaks, windows and answers", format_duration(pace.to_go),
                     count(pace.left, "target"), seen, with_separators(std::llround(pace.per_hour)));
}

}  // namespace pgconvoy::report
