#include "engine/plan/remaining.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/core/time_zone.hpp"

namespace pgconvoy {
namespace {

constexpr int kFewestDraws = 4, kMostDraws = 200;
constexpr double kOftenLate = 0.2;

Standing standing_of(const RunPosition::Target& target) {
  if (target.in_flight) return Standing::in_flight;
  switch (target.state) {
    case TargetState::pending:
      return Standing::pending;
    case TargetState::succeeded:
      return Standing::succeeded;
    case TargetState::skipped:
      return Standing::skipped;
    case TargetState::running:
    case TargetState::rolling_back:
      return Standing::interrupted;
    case TargetState::rolled_back:
    case TargetState::stuck:
      return Standing::failed;
  }
  return Standing::absent;
}

bool is_left(Standing standing) {
  return standing == Standing::pending || standing == Standing::in_flight || standing == Standing::interrupted;
}

}  // namespace

std::optional<RestForecast> forecast_rest(const Plan& plan, const RunPosition& position, WallTime now, int starts, int threads) {
  SimulatedStart start;
  std::vector<EndedTarget> ended;
  int left = 0;
  bool estimated = false;
  double shared = 0;
  RestForecast result;
  for (std::size_t i = 0; i < plan.targets.size(); ++i) {
    const RunPosition::Target none;
    const RunPosition::Target& at = i < position.targets.size() ? position.targets[i] : none;
    const PlannedTarget& planned = plan.targets[i];
    const Standing standing = standing_of(at);
    start.targets.push_back({standing, at.in_flight ? std::max(at.seconds, 1e-3) : 0});
    left += is_left(standing) && !planned.blocked();
    result.begun = result.begun || standing != Standing::pending;
    estimated = estimated || planned.seconds_p90 > 0;
    shared = std::max(shared, planned.shared_spread);
    if (at.state == TargetState::succeeded && at.clean && planned.seconds_p90 > 0) ended.push_back({planned.seconds, planned.spread, at.seconds});
  }
  if (left == 0 || !estimated) return std::nullopt;
  result.pace = run_pace(ended, shared);
  start.shift = result.pace.shift;
  start.shared_spread = result.pace.spread;
  start.wave = position.wave;
  start.wave_ended = position.wave_ended;
  start.approved = position.approved;
  SimulationRequest request;
  request.from = now;
  request.draws = std::clamp(starts / left, kFewestDraws, kMostDraws);
  request.threads = threads;
  request.start = std::move(start);
  result.rest = simulate(plan, request);
  return result;
}

std::vector<std::string> window_warnings(const Fleet& fleet, const Forecast& rest, WallTime now) {
  std::vector<std::string> warnings;
  for (const OpeningForecast& opening : rest.openings) {
    if (opening.open > now || opening.close <= now) continue;
    const auto region = fleet.regions.find(opening.region);
    const bool has_zone = region != fleet.regions.end() && !region->second.time_zone.empty();
    const auto zone = has_zone ? TimeZone::find(region->second.time_zone) : Result<TimeZone>(TimeZone::utc());
    const std::string when = zone ? zone->local(opening.close) : format_utc(opening.close);
    const auto left = std::llround(opening.left.p50), most = std::llround(opening.left.p90);
    if (left > 0)
      warnings.push_back(fmt::format("region {} closes at {}: about {} of its targets will be left{}", opening.region, when, left,
                                     most > left ? fmt::format(", or as many as {}", most) : ""));
    else if (most > 0 || opening.late >= kOftenLate)
      warnings.push_back(fmt::format("region {} closes at {}: it will hardly be through by then", opening.region, when));
  }
  return warnings;
}

}  // namespace pgconvoy
