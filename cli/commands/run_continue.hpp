// `run --continue`: what earlier runs of the same runbook over the same fleet left to do.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "cli/open_run.hpp"
#include "cli/options.hpp"

namespace pgconvoy::cli {

struct Continuation {
  std::optional<std::int64_t> unfinished;  // the run to go on with first: interrupted, or at rest
  std::string last;                        // the latest run of them, "r7"; "": there is none
  std::set<std::string> settled;           // instances that were moved, or whose target is stuck
  std::set<std::string> stuck;             // ids of targets that wait for a person
};

// Reads all runs of that runbook over that fleet (Plan::fleet_file). Error refused for one that another process is at work
// on, that somebody paused or cancelled, or that its failures halted: a person goes on with these.
Result<Continuation> find_continuation(Journal& journal, const GlobalOptions& globals, const std::string& runbook, const std::string& fleet);

}  // namespace pgconvoy::cli
