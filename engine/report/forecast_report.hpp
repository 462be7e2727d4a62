// What is foretold of a plan, for people. Pure.
#pragma once

#include <string>
#include <vector>

#include "engine/plan/cost.hpp"
#include "engine/plan/what_if.hpp"
#include "engine/report/style.hpp"

namespace pgconvoy::report {

// "12 min 04 s, nine times of ten within 15 min 30 s"
std::string within_words(double seconds, double p90);

// Lines with the end by region, what each window gets through, peaks, and what the estimates come from. "" when nothing was foretold.
std::string forecast_text(const Plan& plan, const Style& style, std::size_t width);

// The table of what_if(), and a bar for each row: up to the middle, and on to what nine of ten keep to.
std::string what_if_text(const WhatIf& asked, const Style& style, std::size_t width);
json what_if_json(const WhatIf& asked);

// By region and kind, with what is missing. `verbose`: each target too.
std::string cost_text(const PlanCost& cost, const Style& style, std::size_t width, bool verbose);
json cost_json(const PlanCost& cost);

// One line for each target: what was foretold, and what it costs when there are prices. Amounts without a price are empty.
std::string plan_csv(const Plan& plan, const PlanCost* cost);

}  // namespace pgconvoy::report
