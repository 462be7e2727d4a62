// How the journal in PostgreSQL outlives its connection. Only its own sources include this.
#pragma once

#include <algorithm>
#include <chrono>
#include <thread>

#include "engine/journal/postgres_journal.hpp"

namespace pgconvoy {

// "pgcr" in the upper half of an advisory lock's key, the run's id in the lower.
constexpr std::int64_t kRunLocks = 0x70676372LL << 32;

template <class Work>
auto PostgresJournal::patiently(Work work) -> std::invoke_result_t<Work&> {
  const auto until = std::chrono::steady_clock::now() + patience_.load();
  auto pause = std::chrono::milliseconds(50);
  for (;;) {
    auto result = [&]() -> std::invoke_result_t<Work&> {
      if (!database_.connected()) TRY_VOID(connect());
      return work();
    }();
    // Two writers that got into each other's way: the loser was rolled back whole.
    const bool collided = !result && (result.error().sqlstate == "40P01" || result.error().sqlstate == "40001");
    if (result || (result.error().kind != ErrorKind::unreachable && !collided)) return result;
    if (std::chrono::steady_clock::now() + pause > until) return result;
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::milliseconds(500));
  }
}

template <class Work>
auto PostgresJournal::look(Work work) -> std::invoke_result_t<Work&> {
  return patiently([&]() -> std::invoke_result_t<Work&> {
    TRY(auto view, PostgresTransaction::start(database_, "begin isolation level repeatable read read only"));
    return work();
  });
}

}  // namespace pgconvoy
