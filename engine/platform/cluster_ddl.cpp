#include "engine/platform/cluster_ddl.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

namespace pgconvoy {
namespace {

// "pgconvoy" in ASCII.
constexpr const char* kLockKey = "8099551785094901625";
constexpr Seconds kLockPatience{300};

}  // namespace

Task<Result<void>> lock_cluster(Session& maintenance) {
  const auto started = std::chrono::steady_clock::now();
  const std::string sql = std::string("select pg_advisory_lock(") + kLockKey + ")";
  for (;;) {
    // Waits in the server's queue until the session's lock_timeout ends it.
    auto locked = co_await maintenance.query(sql);
    if (locked) co_return Result<void>();
    const bool waited_in_vain = locked.error().sqlstate == "55P03" || locked.error().sqlstate == "57014" ||
                                locked.error().sqlstate == "40P01" || locked.error().kind == ErrorKind::timeout;
    if (!waited_in_vain || !maintenance.usable()) co_return std::move(locked).error();
    if (std::chrono::steady_clock::now() - started > kLockPatience) {
      Error error(ErrorKind::timeout,
                  "another pgconvoy has been changing roles or databases of the server for 5 minutes",
                  "look for its sessions in pg_stat_activity; nothing was changed");
      error.retryable = true;
      co_return std::move(error).on(maintenance.server());
    }
  }
}

Task<void> unlock_cluster(Session& maintenance) {
  if (!maintenance.usable()) co_return;
  const std::string sql = std::string("select pg_advisory_unlock(") + kLockKey + ")";
  auto unlocked = co_await maintenance.query(sql);
  // A session that keeps the lock would stop all others.
  if (!unlocked) maintenance.close();
}

bool met_concurrent_change(const Error& error) {
  // internal error ("tuple concurrently updated", in the server's language), serialization failure, deadlock, lock
  // timeout, object in use (a template, a database with a session), unique violation and duplicate object of names.
  static constexpr std::array<std::string_view, 7> kStates{"XX000", "40001", "40P01", "55P03",
                                                           "55006", "23505", "42710"};
  return !error.outcome_unknown && !error.poisons_session &&
         std::find(kStates.begin(), kStates.end(), error.sqlstate) != kStates.end();
}

Seconds pause_before(int attempt) {
  static thread_local std::minstd_rand random{std::random_device{}()};
  const double whole = std::min(2.0, 0.05 * std::pow(2.0, attempt - 1));
  return Seconds(std::uniform_real_distribution<double>(whole / 2, whole)(random));
}

}  // namespace pgconvoy
