#include "engine/journal/postgres_leases.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "engine/core/host.hpp"
#include "engine/core/secret.hpp"

namespace pgconvoy {
namespace {

using Steady = std::chrono::steady_clock;

Steady::duration in_steady(Seconds seconds) { return std::chrono::duration_cast<Steady::duration>(seconds); }

}  // namespace

WorkerIdentity this_worker() {
  WorkerIdentity worker;
  worker.host = this_host();
  worker.pid = getpid();
  worker.id = fmt::format("{}/{}/{}", worker.host, worker.pid, random_token(6));
  return worker;
}

PostgresLeaseKeeper::PostgresLeaseKeeper(ConnectionSpec connection, WorkerIdentity worker, Seconds life, std::function<void()> changed)
    : worker_(std::move(worker)), life_(life), changed_(std::move(changed)), database_(std::move(connection)),
      wakeup_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  thread_ = std::thread([this] { serve(); });
}

// A statement that waits for an answer which never comes is ended with its connection.
PostgresLeaseKeeper::~PostgresLeaseKeeper() {
  {
    const std::scoped_lock lock(mutex_);
    over_ = true;
  }
  eventfd_write(wakeup_, 1);
  if (ended_.get_future().wait_for(std::chrono::seconds(2)) != std::future_status::ready) database_.cut();
  thread_.join();
  ::close(wakeup_);
}

void PostgresLeaseKeeper::hold(std::int64_t run, const Claimed& claimed) {
  const std::scoped_lock lock(mutex_);
  to_release_.erase(Key(run, claimed.number));
  held_[Key(run, claimed.number)] = Held{claimed.epoch, claimed.until};
  eventfd_write(wakeup_, 1);
}

void PostgresLeaseKeeper::release(std::int64_t run, int target) {
  const std::scoped_lock lock(mutex_);
  const auto found = held_.find(Key(run, target));
  if (found == held_.end()) return;
  to_release_[found->first] = found->second.epoch;
  held_.erase(found);
  eventfd_write(wakeup_, 1);
}

std::optional<SteadyTime> PostgresLeaseKeeper::until(std::int64_t run, int target) {
  const std::scoped_lock lock(mutex_);
  const auto found = held_.find(Key(run, target));
  if (found == held_.end()) return std::nullopt;
  return found->second.until;
}

Result<void> PostgresLeaseKeeper::renew() {
  std::map<Key, Held> held;
  {
    const std::scoped_lock lock(mutex_);
    held = held_;
  }
  // Before the server looks at its clock: the end that is kept here comes first.
  const auto sent = Steady::now();
  if (!held.empty()) {
    ArrayText runs, targets, epochs;
    for (const auto& [key, lease] : held) {
      runs.add(key.first);
      targets.add(std::int64_t{key.second});
      epochs.add(std::int64_t{lease.epoch});
    }
    TRY(const PostgresRows renewed,
        database_.query("update pgconvoy.leases l set until = clock_timestamp() + make_interval(secs => $5::float8) "
                        "from unnest($1::bigint[], $2::int[], $3::int[]) as held(run, target, epoch) "
                        "where l.run = held.run and l.target = held.target and l.epoch = held.epoch and l.worker = $4::text "
                        "returning l.run, l.target",
                        {runs.text(), targets.text(), epochs.text(), worker_.id, fmt::format("{}", life_.count())}));
    std::set<Key> still;
    for (int row = 0; row < renewed.size(); ++row) still.emplace(renewed[row].integer(0), static_cast<int>(renewed[row].integer(1)));
    const std::scoped_lock lock(mutex_);
    for (const auto& [key, lease] : held) {
      const auto now = held_.find(key);
      if (now == held_.end() || now->second.epoch != lease.epoch) continue;
      if (still.contains(key))
        now->second.until = sent + in_steady(life_);
      else
        held_.erase(now);  // another has it
    }
  }
  const std::scoped_lock lock(mutex_);
  renewed_ = sent;
  return {};
}

Result<void> PostgresLeaseKeeper::let_go() {
  std::map<Key, int> released;
  {
    const std::scoped_lock lock(mutex_);
    released = to_release_;
  }
  if (released.empty()) return {};
  ArrayText runs, targets, epochs;
  for (const auto& [key, epoch] : released) {
    runs.add(key.first);
    targets.add(std::int64_t{key.second});
    epochs.add(std::int64_t{epoch});
  }
  // A lease that comes back with a crash ends by itself.
  TRY(auto transaction, PostgresTransaction::start(database_, "begin; set local synchronous_commit = off"));
  TRY(const PostgresRows gone,
      database_.query("delete from pgconvoy.leases l using unnest($1::bigint[], $2::int[], $3::int[]) as held(run, target, epoch) "
                      "where l.run = held.run and l.target = held.target and l.epoch = held.epoch and l.worker = $4::text "
                      "returning pg_notify('pgconvoy_journal', '')",
                      {runs.text(), targets.text(), epochs.text(), worker_.id}));
  (void)gone;
  TRY_VOID(transaction.commit());
  const std::scoped_lock lock(mutex_);
  for (const auto& [key, epoch] : released)
    if (const auto found = to_release_.find(key); found != to_release_.end() && found->second == epoch) to_release_.erase(found);
  return {};
}

void PostgresLeaseKeeper::wait(SteadyTime at_the_latest) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(at_the_latest - Steady::now()).count() + 1;
  std::array<pollfd, 2> ends{{{wakeup_, POLLIN, 0}, {database_.socket(), POLLIN, 0}}};
  ::poll(ends.data(), ends.size(), static_cast<int>(std::clamp<long>(left, 0, 60'000)));
  eventfd_t woken = 0;
  eventfd_read(wakeup_, &woken);
}

// An error is a lost connection, or a server that refuses for a while: tried again.
Result<void> PostgresLeaseKeeper::once() {
  const bool fresh = !database_.connected();
  if (fresh) {
    TRY_VOID(database_.connect());
    // A renewal that waits longer than this is worth nothing.
    TRY_VOID(database_.execute(fmt::format("set statement_timeout = {}; set lock_timeout = 0", static_cast<int>(life_.count() * 500))));
  }
  TRY(const int told, database_.notifications());
  // What was said while nobody listened is found by looking.
  if (told > 0 || fresh) changed_();
  TRY_VOID(let_go());
  SteadyTime last;
  {
    const std::scoped_lock lock(mutex_);
    last = renewed_;
  }
  if (fresh || Steady::now() - last >= in_steady(life_ / 3)) TRY_VOID(renew());
  return {};
}

void PostgresLeaseKeeper::serve() {
  auto pause = std::chrono::milliseconds(50);
  for (;;) {
    SteadyTime last;
    bool over = false;
    auto done = once();
    {
      const std::scoped_lock lock(mutex_);
      over = over_;
      last = renewed_;
    }
    if (over) break;
    if (done) {
      pause = std::chrono::milliseconds(50);
      wait(last + in_steady(life_ / 3));
    } else {
      wait(Steady::now() + pause);
      pause = std::min(pause * 2, std::chrono::milliseconds(500));
    }
  }
  if (database_.connected()) (void)let_go();
  ended_.set_value();
}

}  // namespace pgconvoy
