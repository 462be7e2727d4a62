// Whether a process is at work on a run, asked from another one.
#pragma once

#include "cli/options.hpp"
#include "engine/journal/journal.hpp"

namespace pgconvoy::cli {

// Of a journal in a file, taking the run's lock for a moment is the only way to know; where that isn't ours to do, it is taken to be
// alive. Blocking.
bool is_alive(const GlobalOptions& globals, Journal& opened, std::int64_t run);
// For who has none open, or has it in other hands.
bool is_alive(const GlobalOptions& globals, std::int64_t run);

}  // namespace pgconvoy::cli
