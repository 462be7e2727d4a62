#include "engine/report/plan_report.hpp"

#include <fmt/format.h>

#include "engine/core/bytes.hpp"
#include "engine/core/clock.hpp"

namespace pgconvoy::report {

PlanTotals totals_of(const Plan& plan) {
  PlanTotals totals;
  for (const PlannedTarget& planned : plan.targets) {
    ++totals.targets;
    totals.databases += static_cast<int>(planned.placements.size());
    totals.blocked += planned.blocked();
    totals.bytes += planned.bytes;
    totals.seconds += planned.seconds;
    totals.longest_pause = std::max(totals.longest_pause, planned.paused_seconds);
  }
  return totals;
}

std::string plan_text(const PlanView& view, const Style&) {
  std::string text;
  for (const PlannedTarget& planned : view.plan.targets) {
    text += fmt::format("{:>3} {} {} {} steps, {}\n", planned.number, planned.target.id, format_bytes({planned.bytes}),
                        planned.steps.size(), planned.blocked() ? "BLOCKED" : "ok");
    for (const Finding& finding : planned.findings)
      text += fmt::format("    {} {} {}: {}\n", to_string(finding.severity), finding.condition, finding.object, finding.evidence);
  }
  return text;
}

json plan_json(const PlanView& view) {
  json document = plan_header(view.plan);
  document["version"] = 1;
  document["targets"] = view.plan.targets;
  return document;
}

}  // namespace pgconvoy::report
