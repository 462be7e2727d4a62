// The processes of one application on this host: finding them and ending them, and never anybody else's.
//
// A process is the application's when the pid file names it and it works in the application's directory, or when it
// carries the mark that start_application put into its environment (children inherit it). So an application whose start
// was interrupted before its pid was written down is found too, and a recycled pid is not mistaken for it.
#pragma once

#include <sys/types.h>

#include <optional>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/core/task.hpp"
#include "engine/fleet/fleet.hpp"

namespace pgconvoy {

// The application's first process, if it runs (one that ended and was not collected yet doesn't). Blocking: reads
// /proc. refused when the pid file names a process that we may not look at.
Result<std::optional<pid_t>> find_application(const ControllerSpec& spec);

// Every process that carries the mark, or belongs to the session of `leader` (0: of none). Blocking.
std::vector<pid_t> find_family(const ControllerSpec& spec, pid_t leader);

// Starts it detached, its output appended to the log file; the pid is not written down. On the loop's thread, quick.
Result<pid_t> start_application(const ControllerSpec& spec);

// SIGTERM to the first process, after `grace` SIGKILL; then the same for what is left of its family. Returns when all
// have ended; success when none runs. timeout when the kernel doesn't let one go.
Task<Result<void>> end_application(asio::thread_pool& pool, ControllerSpec spec, Seconds grace);

}  // namespace pgconvoy
