// A run named on the command line, with its plan and, when one is named, its target.
#pragma once

#include <memory>
#include <set>

#include "cli/application.hpp"
#include "cli/options.hpp"

namespace pgconvoy::cli {

struct OpenedRun {
  std::unique_ptr<Journal> journal;
  RunRecord record;
  Plan plan;
  std::set<int> only;  // the number of the target that was named; empty: none was
};

// Errors: the journal's; usage for a run that is no run; not_found with what may have been meant.
Result<OpenedRun> open_run(const GlobalOptions& globals, const RunArgument& argument, OpenMode mode,
                           Unnamed unnamed = Unnamed::latest_started);

// journal.lock_run(), whose refusal says how to look at the process that holds it, and how to end that one.
Result<void> lock_run(Journal& journal, const GlobalOptions& globals, std::int64_t run);

// The number of the target with that id.
Result<int> find_target(const std::vector<TargetRecord>& targets, const std::string& run, const std::string& id);

}  // namespace pgconvoy::cli
