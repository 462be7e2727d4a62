// Runs a stored plan to its end (or to Ctrl-C) with progress on the way and the report at the end: what run, resume,
// retry and rollback share.
#pragma once

#include "cli/application.hpp"
#include "cli/options.hpp"
#include "engine/run/runner.hpp"

namespace pgconvoy::cli {

// Takes the run's lock. Returns the exit code.
int run_to_end(Application& application, const GlobalOptions& globals, Journal& journal, Plan plan, RunRequest request);

}  // namespace pgconvoy::cli
