// The rehearsal of a runbook: what it does to the databases themselves, with the same preconditions and arguments, on a copy
// of a moment, with the application untouched and nothing left behind.
#pragma once

#include <string>
#include <vector>

#include "engine/run/runbook.hpp"

namespace pgconvoy {

struct Rehearsal {
  Runbook runbook;                    // "rehearsal-of-" and the name; parameters that nothing of it uses are left out
  std::vector<std::string> left_out;  // operations and brackets that are not rehearsed, in order, each once
};

// Parameters may have been put in or not. An empty database that was made beforehand is never adopted. Error usage: the runbook
// restores nothing, or is a rehearsal already. Pure.
Result<Rehearsal> rehearsal_of(const Runbook& runbook, bool keep_backup);

}  // namespace pgconvoy
