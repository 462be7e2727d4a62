// Where a run is on its way over the fleet: waves, and what is waited for. Pure.
#pragma once

#include <string>
#include <vector>

#include "engine/core/json.hpp"
#include "engine/report/run_report.hpp"

namespace pgconvoy::report {

// A line each; none for a run without waves that waits for nothing.
std::vector<std::string> lines_of_rollout(const ReportView& view);

// {"wave", "waves", "first", "last", "wave_ended", "soak_until", "needs_approval", "waits"}
json rollout_json(const RolloutRecord& rollout);

}  // namespace pgconvoy::report
