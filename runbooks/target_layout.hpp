// What is decided of a target once its facts are known: its way, how it is verified, hence its steps and how long they take. Pure.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/plan/estimate.hpp"
#include "engine/plan/plan.hpp"
#include "engine/plan/verification.hpp"

namespace pgconvoy {

// REQUIRES: plan, operations and model outlive it; the plan's runbook and options don't change.
class TargetLayout {
 public:
  TargetLayout(const Plan& plan, const OperationRegistry& operations, const EstimateModel& model);

  // Fills in way, verification and steps with their estimates, and the pause among the facts, with what would shorten one that is too
  // long. `beside`: see PlannedTarget.
  void lay_out(PlannedTarget& planned, TargetFacts& facts, double beside) const;

 private:
  std::vector<StepPlan> steps_of(const PlannedTarget& planned, const std::string& way, Verification mode) const;
  std::vector<std::pair<Verification, double>> pauses_otherwise(const PlannedTarget& planned, const TargetFacts& facts, double beside) const;
  void foretell_pause(PlannedTarget& planned, TargetFacts& facts, double beside) const;
  void add_other_way(const PlannedTarget& planned, TargetFacts& facts, double beside) const;
  void add_other_verification(const PlannedTarget& planned, TargetFacts& facts, double beside) const;

  const Plan& plan_;
  const OperationRegistry& operations_;
  const EstimateModel& model_;
  const std::string asked_;                   // of verifications; "": the runbook doesn't say
  std::map<Verification, Runbook> runbooks_;  // the plan's with each of them
};

}  // namespace pgconvoy
