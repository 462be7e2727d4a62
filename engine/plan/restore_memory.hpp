// How much memory, and how many parallel workers, sessions that build indexes and check constraints in a new database may
// take: a budget of each target server, divided among the sessions that may be at work there at a time.
//
// PostgreSQL's own maintenance_work_mem is meant for the few sessions of an ordinary day, and is mostly left at 64 MB; an index of
// a large table is built from sorted runs on disk then. Both settings are those of the session (SET), and no matter of durability.
// Pure.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/core/parameters.hpp"
#include "engine/facts/facts.hpp"
#include "engine/plan/plan.hpp"

namespace pgconvoy {

// Of operations that build indexes: "auto", or an amount such as 2GB.
Parameter restore_memory_parameter();

// What the arguments say, in bytes; none: auto. Error usage for what is no amount of at least 1MB.
Result<std::optional<std::int64_t>> asked_restore_memory(const json& arguments);

// Sessions that may build at a time on a target server: `jobs` of as many targets as the plan lets be at work there. With
// `while_paused` only those count that may be in their pause. At least 1. A limit that is changed while the run goes on isn't seen.
int builders_at_a_time(const Plan& plan, const std::string& server, int jobs, bool while_paused);

struct RestoreShare {
  std::int64_t memory = 0;  // bytes, for maintenance_work_mem
  int workers = 0;          // for max_parallel_maintenance_workers
  bool operator==(const RestoreShare&) const = default;
};

// The share of one of so many sessions. `budget` none: half of the server's shared_buffers, of which no session takes more than
// 2 GB, and none less than the server's own maintenance_work_mem. The workers are those that the server has for parallel work (the
// lower one of max_worker_processes and max_parallel_workers), at most 4 a session; none where the server allows none. None
// where the facts don't hold the server's settings: those of a run that an earlier version planned.
std::optional<RestoreShare> restore_share(const ServerFacts& server, std::optional<std::int64_t> budget, int sessions);

// For SessionOptions, and for the options of a program's connection ("-c name=value ..."). Empty for none.
std::vector<std::pair<std::string, std::string>> settings_of(const std::optional<RestoreShare>& share);
std::string server_options_of(const std::optional<RestoreShare>& share);

}  // namespace pgconvoy
