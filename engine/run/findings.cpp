#include "engine/run/findings.hpp"

#include <fmt/format.h>
#include <fnmatch.h>

#include "engine/fleet/nearest.hpp"

namespace pgconvoy {
namespace {

bool matches(const std::string& glob, const std::string& text) { return ::fnmatch(glob.c_str(), text.c_str(), 0) == 0; }

Finding not_evaluated(const std::string& condition, const std::string& runbook, const std::string& because) {
  return {Severity::block, condition, "runbook " + runbook, because, "a condition that can't be evaluated doesn't hold",
          "pgconvoy runbook validate", false, {}};
}

void override_block(Finding& finding, const std::map<std::string, std::string>& overrides) {
  if (finding.severity != Severity::block) return;
  auto reason = overrides.find(finding.condition);
  if (reason == overrides.end()) reason = overrides.find(kEveryCondition);
  if (reason == overrides.end()) return;
  finding.severity = Severity::warn;
  finding.evidence += fmt::format(" (overridden: {})", reason->second);
}

}  // namespace

// Dates are of the form that sorts as text. The last day counts whole.
void suppress(Finding& finding, const Fleet& fleet, const std::string& target, WallTime now) {
  if (finding.severity < Severity::warn) return;
  const std::string today = format_utc(now).substr(0, 10);
  for (const Suppression& each : fleet.suppressions) {
    if (each.condition != finding.condition || !matches(each.target, target) || !matches(each.object, finding.object)) continue;
    if (today <= each.until) {
      finding.severity = Severity::info;
      finding.accepted = true;
      finding.evidence += fmt::format(" (accepted until {}: {})", each.until, each.reason);
      return;
    }
    finding.evidence += fmt::format(" (was accepted until {}: {})", each.until, each.reason);
  }
}

std::vector<Finding> evaluate(const Plan& plan, const ConditionRegistry& conditions, const TargetFacts& facts, WallTime now) {
  const Runbook& runbook = plan.runbook;
  std::vector<Finding> findings;
  for (const RunbookNode& node : runbook.preconditions) {
    const Condition* condition = conditions.find(node.name);
    if (!condition) {
      findings.push_back(not_evaluated(node.name, runbook.name, "no such condition in this program"));
      continue;
    }
    auto arguments = complete_arguments(node.name, condition->parameters(), node.arguments);
    if (!arguments) {
      findings.push_back(not_evaluated(node.name, runbook.name, arguments.error().message));
      continue;
    }
    for (Finding& finding : condition->evaluate(facts, *arguments)) {
      override_block(finding, plan.options.overrides);
      suppress(finding, plan.fleet, facts.target, now);
      findings.push_back(std::move(finding));
    }
  }
  return findings;
}

Result<void> check_suppressions(const Fleet& fleet, const ConditionRegistry& conditions) {
  std::vector<std::string> names;
  for (const Condition* condition : conditions.all()) names.push_back(condition->name());
  for (const Suppression& each : fleet.suppressions)
    if (!conditions.find(each.condition))
      return Error(ErrorKind::usage,
                   fmt::format("suppressions in the fleet file: there is no condition {}{}", in_quotes(each.condition),
                               did_you_mean(each.condition, {names.begin(), names.end()})),
                   "pgconvoy check --explain all names them");
  return {};
}

}  // namespace pgconvoy
