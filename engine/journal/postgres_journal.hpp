// The shared journal: a schema in a PostgreSQL database, for any number of processes on any number of machines.
// docs/journal.md specifies it.
//
// Blocking. Any thread may call; calls go on one at a time, on one connection. A lost connection (a restart or a failover
// of the server) is made anew within `patience`: what was read is read again, and of a commit whose answer was lost it is
// looked whether its events are there. A server that has lost events which were committed before (a standby that had not
// received them, a restore) is refused from then on.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "engine/core/clock.hpp"
#include "engine/journal/appender.hpp"
#include "engine/journal/journal.hpp"
#include "engine/journal/postgres_database.hpp"
#include "engine/journal/shared_journal.hpp"

namespace pgconvoy {

class PostgresJournal final : public SharedJournal {
 public:
  static Result<std::unique_ptr<Journal>> open(const std::string& uri, OpenMode mode);
  ~PostgresJournal() override;

  std::string token() const override { return token_; }
  WallTime now() override;
  Result<std::int64_t> create_run(json plan, PlannedTargets targets, WallTime now) override;
  Result<void> append(std::vector<Event>& events) override;
  Result<std::vector<RunRecord>> runs() override;
  Result<RunRecord> run(std::int64_t id) override;
  Result<RunRecord> run_without_plan(std::int64_t id) override;
  Result<std::int64_t> latest_run() override;
  Result<std::vector<TargetRecord>> targets(std::int64_t run, bool with_steps) override;
  Result<void> visit_targets(std::int64_t run, const std::function<Result<void>(const TargetRecord&)>& visit) override;
  Result<TargetRecord> target(std::int64_t run, int number) override;
  Result<json> planned_target(std::int64_t run, int number) override;
  Result<void> planned_targets(std::int64_t run, const std::function<Result<void>(json)>& visit) override;
  Result<void> events(std::int64_t run, std::int64_t after_sequence,
                      const std::function<bool(const Event&)>& visit) override;
  Result<void> own_events(std::int64_t run, std::int64_t after_sequence,
                          const std::function<bool(const Event&)>& visit) override;
  Result<void> target_events(std::int64_t run, int target, std::int64_t after_sequence,
                             const std::function<bool(const Event&)>& visit) override;
  Result<std::vector<Obligation>> obligations(bool open_only) override;
  Result<std::vector<BackupRecord>> backups() override;
  Result<std::vector<std::string>> verify() override;
  Result<void> lock_run(std::int64_t id) override;

  void set_patience(Seconds patience) override { patience_ = patience; }
  void cut_connection() override { database_.cut(); }
  Result<void> join_run(std::int64_t id) override;
  void leave_run(std::int64_t id) override;
  Result<int> members(std::int64_t id) override;
  Result<bool> is_eldest(std::int64_t id) override;
  Result<ClaimAnswer> claim(std::int64_t run, const WorkerIdentity& worker, Seconds life, std::int64_t seen,
                            const std::function<ClaimChoice(const ClaimView&)>& choose) override;
  Result<std::vector<Lease>> leases(std::int64_t run) override;
  std::unique_ptr<LeaseKeeper> keep_leases(const WorkerIdentity& worker, Seconds life, std::function<void()> changed) override;

 private:
  // What a commit without an answer would have left: the last event of its batch.
  struct InDoubt {
    std::int64_t sequence = 0;
    std::string hash, system;
    int backend = 0;
  };

  PostgresJournal(ConnectionSpec connection, bool read_only) : read_only_(read_only), database_(std::move(connection)) {}

  Result<void> refuse_when_read_only() const;
  Result<void> connect();
  // Error corrupt: what is known to have been committed isn't there any more.
  Result<void> must_not_have_gone_back();
  void ask_for_system();
  enum class RunLockMode { alone, with_others };
  Result<void> take_lock(std::int64_t id, RunLockMode mode);
  Result<void> lock(std::int64_t id, RunLockMode mode);
  Result<int> others_in(std::int64_t run);
  Result<ClaimView> claim_view(std::int64_t run, const WorkerIdentity& worker, std::int64_t seen);
  Result<void> claim_once(std::int64_t run, const WorkerIdentity& worker, Seconds life, std::int64_t seen,
                          const std::function<ClaimChoice(const ClaimView&)>& choose, InDoubt& doubt, ClaimAnswer& answer);
  // Calls `work` until it ends with something else than a lost connection, at the longest for the patience.
  template <class Work>
  auto patiently(Work work) -> std::invoke_result_t<Work&>;
  // A consistent look at what doesn't change meanwhile.
  template <class Work>
  auto look(Work work) -> std::invoke_result_t<Work&>;
  // Appends within a transaction of its own and commits; `doubt` is what to look for when the answer is lost.
  Result<void> write(std::vector<Event>& events, InDoubt& doubt);
  // True: the events are there. The connection must have been made anew.
  Result<bool> is_there(const InDoubt& doubt);
  Result<RunRecord> read_whole_run(std::int64_t id, bool with_plan);
  Result<void> visit_events(std::int64_t run, std::int64_t after_sequence, const char* which, std::optional<int> target,
                            const std::function<bool(const Event&)>& visit);

  std::mutex mutex_;
  const bool read_only_;
  PostgresDatabase database_;
  std::string token_, system_;
  std::int64_t known_sequence_ = 0;  // the last event that this process knows to be committed, and its hash
  std::string known_hash_;
  KnownTargets known_;  // that this process wrote of last
  std::atomic<Seconds> patience_{Seconds(60)};
  std::map<std::int64_t, RunLockMode> locked_;
};

// Of the server of a journal that may not be there yet; "" for one in a file, and when the role may not know.
Result<std::string> system_of_journal(const std::string& uri);

}  // namespace pgconvoy
