// `pgconvoy resolve RUN TARGET --step S`: a person decides what became of a step.
#pragma once

#include <string>

#include "cli/open_run.hpp"

namespace pgconvoy::cli {

struct StepResolution {
  std::string step;  // path, or the operation's name where that is one step of the target; then the path
  std::string as;    // done | absent | skip
  std::string reason;
};

// Journals it, under the run's lock. REQUIRES: one target is named, and the journal is open for writing.
// Errors: not_found with what may have been meant; refused before anything was written.
Result<void> resolve_step(OpenedRun& opened, const GlobalOptions& globals, StepResolution& resolution);

}  // namespace pgconvoy::cli
