// A journal's rows in SQLite.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "engine/journal/row_records.hpp"
#include "engine/journal/sqlite_database.hpp"
#include "engine/journal/store.hpp"

namespace pgconvoy {

class SqliteStore final : public JournalStore {
 public:
  explicit SqliteStore(SqliteDatabase& database) : database_(database) {}

  Result<std::int64_t> last_sequence() override;
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
  // At most `limit` of those behind one, by number and without steps.
  Result<std::vector<TargetRecord>> read_targets_after(std::int64_t run, int number, int limit);

 private:
  SqliteDatabase& database_;
};

}  // namespace pgconvoy
