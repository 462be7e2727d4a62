// Rows of the journal's tables to records and back. No meaning here: that is the fold's.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/journal/journal.hpp"
#include "engine/journal/sqlite_database.hpp"

namespace pgconvoy {

// A projection, the sequence of the event that planned it, and the head of its chain.
template <class Record>
struct Stored {
  Record record;
  std::int64_t planned = 0;
  std::string hash;
};

struct StoredObligation {
  Obligation obligation;
  std::int64_t run = 0;
  int target = 0;
};

struct StoredEvent {
  Event event;
  std::string kind, at, data, hash;  // as they stand in the row; the chain is computed over them
  std::string problem;               // why the row could not be understood; "" when it could
};

// Nothing when there is no such row. Without plan and counts.
Result<std::optional<Stored<RunRecord>>> read_run(SqliteDatabase& database, std::int64_t run);
Result<void> write_run(SqliteDatabase& database, const Stored<RunRecord>& stored);

// Nothing when there is no such row.
Result<std::optional<Stored<TargetRecord>>> read_target(SqliteDatabase& database, std::int64_t run, int number,
                                                        bool with_steps);
// All of a run, by number.
Result<std::vector<TargetRecord>> read_targets(SqliteDatabase& database, std::int64_t run, bool with_steps);
// Only the steps whose paths are given are written.
Result<void> write_target(SqliteDatabase& database, const Stored<TargetRecord>& stored,
                          const std::set<std::string>& steps);

Result<std::optional<StoredObligation>> read_obligation(SqliteDatabase& database, const std::string& id);
Result<std::vector<StoredObligation>> read_obligations(SqliteDatabase& database, bool open_only);  // by due date
Result<void> write_obligation(SqliteDatabase& database, const StoredObligation& stored);

Result<std::vector<BackupRecord>> read_backups(SqliteDatabase& database);  // oldest first
Result<void> write_backup(SqliteDatabase& database, const BackupRecord& backup);

// The columns of `events` in this order, for event_of_row().
inline constexpr const char* kEventColumns = "sequence, run, target, step, attempt, epoch, kind, at, data, hash";
StoredEvent event_of_row(const SqliteStatement& row);
Result<void> write_event(SqliteDatabase& database, const StoredEvent& stored);

// JSON text of a column; null for NULL.
Result<json> json_of(const SqliteStatement& row, int column);

}  // namespace pgconvoy
