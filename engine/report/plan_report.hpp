// A plan for people and for programs. Pure.
#pragma once

#include <string>

#include "engine/core/json.hpp"
#include "engine/plan/plan.hpp"
#include "engine/report/style.hpp"

namespace pgconvoy::report {

struct PlanView {
  const Plan& plan;
  std::int64_t run = 0;        // as which the plan is stored; 0: it isn't
  int not_offered = 0;         // selected targets with nothing to move
  bool verbose = false;        // every step of every target, findings of severity info
  std::size_t width = 0;       // of the terminal; 0: no limit
  std::string journal_option;  // " --journal PATH" when commands need it
};

struct PlanTotals {
  int targets = 0, databases = 0, blocked = 0, with_warnings = 0;
  int by_hand = 0;           // targets whose applications pgconvoy doesn't control: somebody sets their URLs
  std::int64_t bytes = 0;
  double seconds = 0;        // all targets one after the other
  double elapsed = 0;        // with the limits of the plan, about
  double longest_pause = 0;  // of one target that isn't blocked
  double longest_pause_p90 = 0;
};
PlanTotals totals_of(const Plan& plan);

// Targets in order, the steps, findings, totals, and the command that runs it.
std::string plan_text(const PlanView& view, const Style& style);
// What `run` shows before it asks: totals, what blocks, limits.
std::string plan_summary_text(const PlanView& view, const Style& style);
json plan_json(const PlanView& view);

}  // namespace pgconvoy::report
