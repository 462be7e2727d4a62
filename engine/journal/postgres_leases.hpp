// Leases in PostgreSQL: the thread that renews them and listens. docs/journal.md, "Many workers".
#pragma once

#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "engine/journal/postgres_database.hpp"
#include "engine/journal/shared_journal.hpp"

namespace pgconvoy {

class PostgresLeaseKeeper final : public LeaseKeeper {
 public:
  PostgresLeaseKeeper(ConnectionSpec connection, WorkerIdentity worker, Seconds life, std::function<void()> changed);
  ~PostgresLeaseKeeper() override;

  const WorkerIdentity& worker() const override { return worker_; }
  void hold(std::int64_t run, const Claimed& claimed) override;
  void release(std::int64_t run, int target) override;
  std::optional<SteadyTime> until(std::int64_t run, int target) override;

 private:
  using Key = std::pair<std::int64_t, int>;
  struct Held {
    int epoch = 0;
    SteadyTime until;
  };
  void serve();
  Result<void> once();
  Result<void> renew();
  Result<void> let_go();
  void wait(SteadyTime at_the_latest);

  const WorkerIdentity worker_;
  const Seconds life_;
  const std::function<void()> changed_;
  PostgresDatabase database_;  // the thread's
  int wakeup_ = -1;            // eventfd

  std::mutex mutex_;
  std::map<Key, Held> held_;
  std::map<Key, int> to_release_;  // epoch
  bool over_ = false;
  SteadyTime renewed_{};
  std::promise<void> ended_;
  std::thread thread_;
};

}  // namespace pgconvoy
