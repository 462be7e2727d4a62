// From a plan to what the schedule decides by.
#include <fnmatch.h>

#include <algorithm>
#include <set>

#include "engine/plan/plan.hpp"
#include "engine/plan/region_windows.hpp"
#include "engine/plan/schedule.hpp"

namespace pgconvoy {
namespace {

// Of plans that an earlier version made, without a p90.
constexpr double kMargin = 1.5;

std::vector<Freeze> freezes_of(const Fleet& fleet, const Target& target) {
  std::vector<Freeze> freezes;
  const std::vector<std::string>& ids = target.environments.empty() ? target.instances : target.environments;
  for (const FreezeRule& rule : fleet.freezes)
    if (std::any_of(ids.begin(), ids.end(), [&](const std::string& id) { return fnmatch(rule.environment.c_str(), id.c_str(), 0) == 0; }))
      freezes.push_back({rule.from, rule.until, rule.reason});
  return freezes;
}

std::vector<std::string> windows_of(const Fleet& fleet, const Target& target) {
  std::set<std::string> keys;
  for (const std::string& id : target.environments)
    if (const auto found = fleet.environments.find(id); found != fleet.environments.end() && !found->second.windows.empty())
      keys.insert(windows_key(found->second));
  return {keys.begin(), keys.end()};
}

}  // namespace

std::vector<Candidate> candidates_of(const Plan& plan) {
  std::vector<Candidate> result;
  result.reserve(plan.targets.size());
  for (const PlannedTarget& planned : plan.targets) {
    Candidate candidate;
    candidate.number = planned.number;
    candidate.id = planned.target.id;
    candidate.region = planned.target.region;
    std::set<std::string> sources, targets;
    for (const auto& [instance, placement] : planned.placements) {
      sources.insert(placement.source_server);
      targets.insert(placement.target_server);
    }
    candidate.source_servers.assign(sources.begin(), sources.end());
    candidate.target_servers.assign(targets.begin(), targets.end());
    candidate.bytes = planned.bytes;
    candidate.seconds = planned.seconds_p90 > 0 ? planned.seconds_p90 : planned.seconds * kMargin;
    candidate.after = planned.after;
    candidate.freezes = freezes_of(plan.fleet, planned.target);
    candidate.windows = windows_of(plan.fleet, planned.target);
    result.push_back(std::move(candidate));
  }
  return result;
}

}  // namespace pgconvoy
