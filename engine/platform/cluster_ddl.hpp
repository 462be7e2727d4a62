// Changes to what all databases of a server share (roles, memberships, databases): one at a time per server, and again
// when they met somebody else's. Concurrent GRANT and CREATE ROLE fail with "tuple concurrently updated" otherwise.
#pragma once

#include <functional>
#include <string>

#include "engine/core/error.hpp"
#include "engine/core/task.hpp"
#include "engine/postgres/session.hpp"

namespace pgconvoy {

// Takes the advisory lock that all pgconvoy processes share on this server. REQUIRES: `maintenance` is in the server's
// maintenance database (advisory locks are per database). timeout when others hold it for minutes.
Task<Result<void>> lock_cluster(Session& maintenance);
// Never fails: when the session is lost, so is the lock.
Task<void> unlock_cluster(Session& maintenance);

// The statement met a concurrent change and may succeed when it is tried again.
bool met_concurrent_change(const Error& error);

// Runs `attempt` under the lock, again after a jittered pause while it meets concurrent changes (released in between).
// The attempt looks at the server anew each time: what an earlier one found may have changed.
template <class T>
Task<Result<T>> change_cluster(Session& maintenance, std::function<Task<Result<T>>()> attempt);

// 50 ms, doubled each time up to 2 s, by a random half to whole.
Seconds pause_before(int attempt);

constexpr int kClusterAttempts = 10;

template <class T>
Task<Result<T>> change_cluster(Session& maintenance, std::function<Task<Result<T>>()> attempt) {
  for (int number = 1;; ++number) {
    auto locked = co_await lock_cluster(maintenance);
    if (!locked) co_return std::move(locked).error();
    auto result = co_await attempt();
    co_await unlock_cluster(maintenance);
    if (result || number == kClusterAttempts || !met_concurrent_change(result.error())) co_return result;
    co_await sleep_for(pause_before(number));
  }
}

}  // namespace pgconvoy
