#include "engine/report/causes.hpp"

#include <algorithm>
#include <map>
#include <tuple>

namespace pgconvoy::report {

bool Cause::same_remedy() const {
  return std::all_of(members.begin(), members.end(),
                     [this](const CauseMember& member) { return member.finding->remedy == members.front().finding->remedy; });
}

std::vector<Cause> causes_of(const Plan& plan, bool infos) {
  // Plan order is random by design; findings are looked up by name.
  std::vector<const PlannedTarget*> targets;
  for (const PlannedTarget& planned : plan.targets) targets.push_back(&planned);
  std::sort(targets.begin(), targets.end(),
            [](const PlannedTarget* left, const PlannedTarget* right) { return left->target.id < right->target.id; });

  std::map<std::tuple<Severity, std::string, std::string>, Cause> groups;
  for (const PlannedTarget* planned : targets)
    for (const Finding& finding : planned->findings) {
      if (finding.severity == Severity::ok || (finding.severity == Severity::info && !infos)) continue;
      Cause& group = groups[{finding.severity, finding.condition, finding.cause.empty() ? "why " + finding.why : finding.cause}];
      group.severity = finding.severity;
      group.condition = finding.condition;
      group.cause = finding.cause;
      if (group.members.empty() || group.members.back().target != planned) ++group.targets;
      group.members.push_back({planned, &finding});
    }
  std::vector<Cause> causes;
  for (auto& [key, group] : groups) causes.push_back(std::move(group));
  std::stable_sort(causes.begin(), causes.end(), [](const Cause& left, const Cause& right) {
    return std::tuple(-static_cast<int>(left.severity), -left.targets, left.condition) <
           std::tuple(-static_cast<int>(right.severity), -right.targets, right.condition);
  });
  return causes;
}

}  // namespace pgconvoy::report
