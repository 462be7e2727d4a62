#include "runbooks/target_layout.hpp"

#include <fmt/format.h>

#include "engine/plan/pause.hpp"
#include "engine/plan/way.hpp"

namespace pgconvoy {

TargetLayout::TargetLayout(const Plan& plan, const OperationRegistry& operations, const EstimateModel& model)
    : plan_(plan), operations_(operations), model_(model), asked_(asked_verification(plan.runbook)) {
  // Of one that was asked for the others are only what-ifs.
  const std::string open = asked_ == kAutomatic ? kAutomatic : to_string(Verification::before);
  for (const Verification mode : {Verification::before, Verification::snapshot, Verification::counts}) runbooks_[mode] = with_verification(plan.runbook, mode, open);
}

void TargetLayout::lay_out(PlannedTarget& planned, TargetFacts& facts, double beside) const {
  Way way = choose_way(plan_.options.way, plan_.runbook, facts);
  planned.verification = asked_ == kAutomatic ? to_string(Verification::before) : asked_;
  if (plan_.options.way == kAutomatic && way.name == kShortPause) {
    planned.steps = steps_of(planned, kThroughput, Verification::before);
    foretell_pause(planned, facts, beside);
    if (facts.pause && facts.pause->p90 <= facts.pause->budget)
      way = {kThroughput, fmt::format("its pause fits its downtime budget of {} with the least work", format_duration(Seconds(facts.pause->budget)))};
  }
  planned.way = std::move(way.name);
  planned.way_because = std::move(way.because);
  planned.steps = steps_of(planned, planned.way, Verification::before);
  foretell_pause(planned, facts, beside);
  if (asked_ != kAutomatic) return;
  ChosenVerification chosen = choose_verification(facts.pause, pauses_otherwise(planned, facts, beside));
  planned.verification = to_string(chosen.verification);
  planned.verification_because = std::move(chosen.because);
  if (chosen.verification == Verification::before) return;
  planned.steps = steps_of(planned, planned.way, chosen.verification);
  foretell_pause(planned, facts, beside);
}

// `mode` where the plan chooses it.
std::vector<StepPlan> TargetLayout::steps_of(const PlannedTarget& planned, const std::string& way, Verification mode) const {
  return expand(runbooks_.at(mode), operations_, plan_.fleet, planned.target, way);
}

// Where the pause is too long with all rows compared in it: what it would be in the other modes.
std::vector<std::pair<Verification, double>> TargetLayout::pauses_otherwise(const PlannedTarget& planned, const TargetFacts& facts, double beside) const {
  std::vector<std::pair<Verification, double>> others;
  if (!facts.pause || facts.pause->p90 <= facts.pause->budget) return others;
  for (const Verification mode : {Verification::snapshot, Verification::counts}) {
    PlannedTarget other = planned;
    other.steps = steps_of(planned, planned.way, mode);
    estimate(other, operations_, facts, model_, beside);
    if (const auto pause = pause_of(plan_.fleet, other)) others.emplace_back(mode, pause->p90);
  }
  return others;
}

void TargetLayout::foretell_pause(PlannedTarget& planned, TargetFacts& facts, double beside) const {
  estimate(planned, operations_, facts, model_, beside);
  facts.pause = pause_of(plan_.fleet, planned);
  if (!facts.pause) return;
  facts.pause->remedies = pause_remedies(*facts.pause, planned, operations_, facts, model_);
  if (facts.pause->p90 > facts.pause->budget && planned.way == kThroughput) add_other_way(planned, facts, beside);
  if (asked_ == to_string(Verification::before)) add_other_verification(planned, facts, beside);
}

void TargetLayout::add_other_way(const PlannedTarget& planned, TargetFacts& facts, double beside) const {
  if (choose_way(kShortPause, plan_.runbook, facts).name != kShortPause) return;
  PlannedTarget other = planned;
  other.way = kShortPause;
  other.steps = steps_of(planned, kShortPause, Verification::before);
  estimate(other, operations_, facts, model_, beside);
  const auto pause = pause_of(plan_.fleet, other);
  if (pause && pause->p90 < facts.pause->p90)
    facts.pause->remedies.push_back(fmt::format("--way short-pause (p90 {})", format_duration(Seconds(pause->p90))));
}

void TargetLayout::add_other_verification(const PlannedTarget& planned, TargetFacts& facts, double beside) const {
  for (const auto& [mode, p90] : pauses_otherwise(planned, facts, beside)) {
    if (p90 >= facts.pause->p90) continue;
    facts.pause->remedies.push_back(fmt::format("--set verify={} (p90 {})", to_string(mode), format_duration(Seconds(p90))));
    return;
  }
}

}  // namespace pgconvoy
