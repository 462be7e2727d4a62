// What somebody decided to live with: preconditions overridden for a run, and findings that the fleet file accepts. Pure.
#pragma once

#include <string>
#include <vector>

#include "engine/plan/plan.hpp"

namespace pgconvoy::report {

struct AcceptedRisk {
  std::string condition;  // kEveryCondition for all
  std::string reason;
  std::string until;      // of a suppression; "": an override
  int findings = 0;       // that it turned into less
  int targets = 0;
};

// Every override, whether or not it had to do something, and the suppressions that did.
std::vector<AcceptedRisk> accepted_risks(const RunOptions& options, const Fleet& fleet, const std::vector<PlannedTarget>& targets);

// "overridden: indexes_rebuildable (we rebuild it by hand), 2 findings of 1 target"
std::string to_line(const AcceptedRisk& risk);

}  // namespace pgconvoy::report
