// Findings of many targets, grouped by what they have in common. Pure.
#pragma once

#include <string>
#include <vector>

#include "engine/plan/plan.hpp"

namespace pgconvoy::report {

struct CauseMember {
  const PlannedTarget* target;
  const Finding* finding;
};

// Findings of one condition and severity with the same cause; where a finding names none, with the same reason why.
struct Cause {
  Severity severity;
  std::string condition;
  std::string cause;   // "" when findings name none
  int targets = 0;     // different ones
  std::vector<CauseMember> members;  // by target id, a target's findings together

  bool same_remedy() const;
};

// Worst first: by severity, then by the number of targets, then by condition. Severity info only when `infos`. Refers
// to the plan.
std::vector<Cause> causes_of(const Plan& plan, bool infos);

}  // namespace pgconvoy::report
