// A journal's rows in PostgreSQL. What a batch of events needs is read, and locked, at once; what it writes is kept and
// sent together: a commit costs the same few round trips for one event and for a hundred.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/journal/postgres_database.hpp"
#include "engine/journal/appender.hpp"
#include "engine/journal/store.hpp"

namespace pgconvoy {

class PostgresStore final : public JournalStore {
 public:
  // `known`: targets whose steps needn't be read when the head of their chain is still the one there; see JournalAppender.
  explicit PostgresStore(PostgresDatabase& database, const KnownTargets* known = nullptr) : database_(database), known_(known) {}

  // Within a transaction: locks the rows that these events are folded into, always in the same order, then takes as many
  // sequences as there are events. Until the commit nobody else writes below or between them.
  Result<void> lock_for(const std::vector<Event>& events);
  // Gives a new run its id and takes sequences for it and its targets.
  Result<std::int64_t> lock_for_new_run(std::int64_t events);
  // Sends what was written. REQUIRES: before the commit.
  Result<void> flush();

  Result<std::int64_t> last_sequence() override { return last_sequence_; }
  Result<std::optional<Stored<RunRecord>>> read_run(std::int64_t run) override;
  Result<std::optional<Stored<TargetRecord>>> read_target(std::int64_t run, int number) override;
  Result<std::optional<std::string>> read_head(std::int64_t run, int number) override;
  Result<std::optional<StoredObligation>> read_obligation(const std::string& id) override;

  Result<void> write_event(const StoredEvent& stored) override;
  Result<void> write_run(const Stored<RunRecord>& stored) override;
  Result<void> write_target(const Stored<TargetRecord>& stored, const std::set<std::string>& steps) override;
  Result<void> write_obligation(const StoredObligation& stored) override;
  Result<void> write_backup(const BackupRecord& backup) override;
  Result<void> mark_backups_deleted(std::int64_t run, const std::string& file) override;

  Result<void> visit_chains(const EventVisitor& visit) override;
  Result<void> visit_owed(const std::function<Result<void>(const StoredEvent&, const std::string&)>& visit) override;
  Result<std::vector<StoredObligation>> read_obligations(bool open_only) override;
  Result<std::vector<BackupRecord>> read_backups() override;
  Result<JournalCounts> count() override;
  Result<std::vector<std::pair<std::int64_t, std::int64_t>>> gaps() override;
  Result<std::vector<std::string>> rows_without_events() override;

  // All of a run, by number.
  Result<std::vector<TargetRecord>> read_targets(std::int64_t run, bool with_steps);

 private:
  // Columns of rows that wait to be sent, each an array.
  struct Pending {
    explicit Pending(std::size_t count) : columns(count) {}
    std::vector<ArrayText> columns;
    std::size_t rows = 0, bytes = 0;
    std::vector<SqlParameter> take();  // leaves none
  };
  using TargetKey = std::pair<std::int64_t, int>;
  Result<void> lock_runs(const std::set<std::int64_t>& runs);
  Result<void> lock_targets(const std::set<TargetKey>& targets);
  bool is_known(const TargetKey& key, const std::string& hash) const;
  Result<void> flush_events();
  Result<void> flush_targets();
  Result<void> read_pages(const std::string& select, const std::function<Result<void>(const PostgresRows::Row&)>& visit);

  PostgresDatabase& database_;
  const KnownTargets* const known_;
  std::int64_t last_sequence_ = 0;
  std::map<std::int64_t, Stored<RunRecord>> runs_;
  std::map<TargetKey, Stored<TargetRecord>> targets_;
  Pending events_{10}, written_targets_{14}, written_steps_{12};
};

}  // namespace pgconvoy
