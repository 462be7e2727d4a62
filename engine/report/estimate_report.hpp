// Where a target's estimate comes from: terms, coefficients, and who taught them. Pure.
#pragma once

#include <string>

#include "engine/plan/estimate.hpp"
#include "engine/report/style.hpp"

namespace pgconvoy::report {

// REQUIRES: the target was estimated by this model. `contention` is the plan's.
std::string explained_text(const PlannedTarget& planned, const EstimateModel& model, const Style& style, std::size_t width);
json explained_json(const PlannedTarget& planned, const EstimateModel& model);

}  // namespace pgconvoy::report
