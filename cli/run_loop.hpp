// Runs a stored plan to its end (or to Ctrl-C) with progress on the way and the report at the end: what run, resume,
// retry and rollback share.
#pragma once

#include "cli/application.hpp"
#include "cli/options.hpp"
#include "engine/run/runner.hpp"

namespace pgconvoy::cli {

// Takes the run's lock, and a pause off. The first SIGINT, SIGTERM or SIGHUP starts nothing new and lets finish what is in flight; the
// second SIGINT or SIGTERM kills children and ends the process at once. Returns the exit code.
// `pause` and `cancel` from elsewhere are noticed on the way: nothing new starts then.
int run_to_end(Application& application, const GlobalOptions& globals, Journal& journal, Plan plan, RunRequest request);

// Not begun, or not at its end.
bool is_left(const TargetRecord& target);

// Rolled back because somebody asked for it: the error behind it is of kind cancelled.
bool is_undone_as_asked(const TargetRecord& target);

// Of a run that went as far as it could: exit code from what became of the targets that were asked for. `held_back`: some
// that were to be retried or rolled back were not begun, since it was told to stop.
int exit_code_of_run(const std::vector<TargetRecord>& targets, RunState state, const RunRequest& request, bool interrupted,
                     bool held_back = false);

}  // namespace pgconvoy::cli
