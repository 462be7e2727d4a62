// A plan for people and for programs. Pure.
#pragma once

#include <string>

#include "engine/core/json.hpp"
#include "engine/plan/plan.hpp"
#include "engine/report/style.hpp"

namespace pgconvoy::report {

struct PlanView {
  const Plan& plan;
  std::int64_t run = 0;     // as which the plan is stored; 0: it isn't
  int not_offered = 0;      // selected targets with nothing to move
  bool verbose = false;     // every step of every target, findings of severity info
};

struct PlanTotals {
  int targets = 0, databases = 0, blocked = 0, with_warnings = 0;
  std::int64_t bytes = 0;
  double seconds = 0;         // all targets one after the other
  double longest_pause = 0;   // of one target
};
PlanTotals totals_of(const Plan& plan);

std::string plan_text(const PlanView& view, const Style& style);
json plan_json(const PlanView& view);

}  // namespace pgconvoy::report
