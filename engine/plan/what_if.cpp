#include "engine/plan/what_if.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/fleet/nearest.hpp"
#include "engine/plan/estimate.hpp"
#include "engine/plan/pause.hpp"
#include "engine/plan/run_settings.hpp"

namespace pgconvoy {
namespace {

constexpr std::size_t kMostValues = 12;

// Pauses get longer with more targets beside them.
void weigh_pauses(const Plan& plan, const Plan& changed, WhatIfRow& row) {
  const auto beside = targets_beside(changed);
  for (const PlannedTarget& planned : plan.targets) {
    if (planned.blocked()) continue;
    const double slower = std::pow(beside.at(planned.target.region) / std::max(1.0, planned.beside), plan.contention);
    const double p90 = std::max(planned.paused_p90, planned.paused_seconds) * slower;
    row.longest_pause = std::max(row.longest_pause, p90);
    const auto pause = pause_of(plan.fleet, planned);
    row.over_budget += pause && p90 > pause->budget;
  }
}

bool all_alike(const std::vector<WhatIfRow>& rows) {
  return std::all_of(rows.begin(), rows.end(), [&](const WhatIfRow& row) {
    return std::abs(row.forecast.seconds.p50 - rows.front().forecast.seconds.p50) < 0.01 * std::max(1.0, rows.front().forecast.seconds.p50);
  });
}

}  // namespace

Result<WhatIf> what_if(const Plan& plan, const std::string& asked, const SimulationRequest& request) {
  const std::size_t equals = asked.find('=');
  WhatIf result;
  result.setting = asked.substr(0, equals);
  if (equals == std::string::npos || result.setting == "window" || result.setting == "throttle-when")
    return Error(ErrorKind::usage, fmt::format("--what-if {} is not of the form SETTING=VALUE,VALUE,...", in_quotes(asked)), "--what-if concurrency=2,4,8");
  Plan changed = plan;
  for (std::size_t from = equals + 1; from <= asked.size();) {
    const std::size_t comma = std::min(asked.find(',', from), asked.size());
    WhatIfRow row;
    row.value = asked.substr(from, comma - from);
    from = comma + 1;
    changed.options = plan.options;
    if (auto done = change(changed.options, result.setting, row.value); !done) return std::move(done).error().within("--what-if");
    row.value = value_of(changed.options, result.setting);
    row.as_planned = row.value == value_of(plan.options, result.setting);
    if (result.rows.size() >= kMostValues) return Error(ErrorKind::usage, fmt::format("--what-if takes at most {} values", kMostValues));
    row.forecast = simulate(changed, request);
    weigh_pauses(plan, changed, row);
    result.rows.push_back(std::move(row));
  }
  if (result.rows.size() > 1 && all_alike(result.rows))
    result.remark = result.setting == "concurrency" ? "the limits of the regions decide: see --what-if concurrency-per-region=..." : "something else decides";
  return result;
}

}  // namespace pgconvoy
