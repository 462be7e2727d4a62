// From facts to findings: the preconditions of a plan's runbook, and what people have said about them. Pure.
#pragma once

#include <string>
#include <vector>

#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"
#include "engine/facts/condition.hpp"
#include "engine/plan/plan.hpp"

namespace pgconvoy {

// The override that stands for every precondition (--no-check).
inline constexpr const char* kEveryCondition = "*";

// All preconditions over the facts of a target. A block that the plan's options override is a warning that names the
// reason; what a suppression of the fleet accepts is an info that names reason and last day. A suppression whose day
// is over changes nothing, and the finding says so.
std::vector<Finding> evaluate(const Plan& plan, const ConditionRegistry& conditions, const TargetFacts& facts, WallTime now);

// What a suppression of the fleet says about one finding of a target, as evaluate() applies it.
void suppress(Finding& finding, const Fleet& fleet, const std::string& target, WallTime now);

// Every suppression of the fleet names a condition that there is: one that is misspelled would suppress nothing.
Result<void> check_suppressions(const Fleet& fleet, const ConditionRegistry& conditions);

}  // namespace pgconvoy
