// How long a target will be paused, beside what its environments bear. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/facts/facts.hpp"
#include "engine/journal/event.hpp"
#include "engine/plan/plan.hpp"

namespace pgconvoy {

struct EstimateModel;

// By the plan's own figures, without remedies. None when no environment of the target has a downtime budget, or none of its
// steps stands inside a maintenance page. REQUIRES: the target was estimated.
std::optional<PauseFact> pause_of(const Fleet& fleet, const PlannedTarget& planned);

// What else could be done, each with the pause that would come of it: more parallel jobs where an operation knows them, and the
// target alone in its region. Those that would make it no shorter are left out. Empty for a target that is within its budget.
std::vector<std::string> pause_remedies(const PauseFact& pause, const PlannedTarget& planned, const OperationRegistry& operations,
                                        const TargetFacts& facts, const EstimateModel& model);

// Paths of the steps before the first pause, and of the one that begins it, which is the last. Empty: there is no pause.
std::vector<std::string> steps_until_pause(const PlannedTarget& planned);

// All that comes before its pause is done, and nothing of the pause is begun: it is about to begin, or waits for a place
// (`--max-paused`).
bool stands_before_pause(const std::vector<std::string>& until_pause, const TargetRecord& record);

}  // namespace pgconvoy
