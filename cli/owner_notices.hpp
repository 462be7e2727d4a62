// Owners are told of the moves of their environments, some days before and after (`notices` of the fleet file): as events of
// the run, which the fleet's hooks hear.
#pragma once

#include <cstdint>
#include <vector>

#include "cli/application.hpp"
#include "cli/options.hpp"
#include "engine/plan/plan.hpp"
#include "engine/plan/rollout_record.hpp"

namespace pgconvoy::cli {

// What is due for a run and was not journaled yet, in the order of its targets. Before a move: all that are pending, or as many
// as its batches reach within the time that owners get. Pure. `targets` are those of the run, by number.
std::vector<Event> due_notices(const RunRecord& run, const Fleet& fleet, const RolloutRecord& rollout, const std::vector<TargetRecord>& targets,
                               const std::vector<Event>& own, WallTime now);

// Journals what is due and tells the hooks, each once; what a hook fails at is a warning. Returns what was told. Blocking, and runs
// the application's loop: not while it carries a run out. Errors: the journal's.
Result<std::vector<Event>> tell_owners(Application& application, Journal& journal, std::int64_t run, WallTime now);

// The same for every run that was begun and not cancelled.
Result<std::vector<Event>> tell_owners_of_all(Application& application, Journal& journal, WallTime now);

}  // namespace pgconvoy::cli
