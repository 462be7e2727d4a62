// What each operation of a run took, over its targets: the figures that a rehearsal is for. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/core/clock.hpp"
#include "engine/core/json.hpp"
#include "engine/journal/event.hpp"
#include "engine/plan/plan.hpp"
#include "engine/report/table.hpp"

namespace pgconvoy::report {

struct MeasuredOperation {
  std::string operation;
  int steps = 0;             // that succeeded
  Seconds median{0}, longest{0}, sum{0};
  std::int64_t bytes = 0;    // of the databases of those steps, as planned
};

// Of steps that succeeded, in the order of the runbook; as the journal's clock saw them. `planned` and `targets` go together.
// What a whole target has for bytes is divided among its databases.
std::vector<MeasuredOperation> measure(const std::vector<PlannedTarget>& planned, const std::vector<TargetRecord>& targets);

Table table_of_measures(const std::vector<MeasuredOperation>& measured);
json measures_json(const std::vector<MeasuredOperation>& measured);

}  // namespace pgconvoy::report
