#include "engine/report/accepted_risks.hpp"

#include <fmt/format.h>
#include <fnmatch.h>

#include <set>

#include "engine/report/text.hpp"
#include "engine/run/findings.hpp"

namespace pgconvoy::report {
namespace {

bool fits_glob(const std::string& glob, const std::string& text) { return ::fnmatch(glob.c_str(), text.c_str(), 0) == 0; }

// Counts findings for which `is_of` holds.
template <class IsOf>
void count_uses(AcceptedRisk& risk, const std::vector<PlannedTarget>& targets, const IsOf& is_of) {
  for (const PlannedTarget& planned : targets) {
    int found = 0;
    for (const Finding& finding : planned.findings) found += is_of(planned, finding);
    risk.findings += found;
    risk.targets += found > 0;
  }
}

}  // namespace

std::vector<AcceptedRisk> accepted_risks(const RunOptions& options, const Fleet& fleet, const std::vector<PlannedTarget>& targets) {
  std::vector<AcceptedRisk> risks;
  for (const auto& [condition, reason] : options.overrides) {
    AcceptedRisk risk{condition, reason, "", 0, 0};
    const std::string mark = fmt::format(" (overridden: {})", reason);
    count_uses(risk, targets, [&](const PlannedTarget&, const Finding& finding) {
      return (condition == kEveryCondition || finding.condition == condition) && finding.evidence.find(mark) != std::string::npos;
    });
    risks.push_back(std::move(risk));
  }
  for (const Suppression& each : fleet.suppressions) {
    AcceptedRisk risk{each.condition, each.reason, each.until, 0, 0};
    count_uses(risk, targets, [&](const PlannedTarget& planned, const Finding& finding) {
      return finding.accepted && finding.condition == each.condition && fits_glob(each.target, planned.target.id) && fits_glob(each.object, finding.object);
    });
    if (risk.findings > 0) risks.push_back(std::move(risk));
  }
  return risks;
}

std::string to_line(const AcceptedRisk& risk) {
  const std::string what = risk.condition == kEveryCondition ? "every precondition" : shown(risk.condition);
  const std::string counts = risk.findings == 0 ? "no finding" : fmt::format("{} of {}", count(risk.findings, "finding"), count(risk.targets, "target"));
  if (risk.until.empty()) return fmt::format("overridden: {} ({}), {}", what, shown(risk.reason), counts);
  return fmt::format("accepted until {}: {} ({}), {}", risk.until, what, shown(risk.reason), counts);
}

}  // namespace pgconvoy::report
