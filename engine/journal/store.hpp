// The rows of a journal as its shared half sees them, whatever keeps them: JournalAppender writes through it and
// JournalVerifier reads through it, so that events mean the same in every journal. No meaning here: that is the fold's.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/journal/journal.hpp"

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

// How many there are, and how many were ever given.
struct JournalCounts {
  std::int64_t events = 0, last_event = 0, events_given = 0;
  std::int64_t last_run = 0, runs_given = 0;
};

// One thread at a time, within a transaction that the caller holds. Errors are those of what keeps the rows.
class JournalStore {
 public:
  virtual ~JournalStore() = default;

  // Reading. Nothing when there is no such row; a run comes without plan and counts.
  virtual Result<std::int64_t> last_sequence() = 0;  // when asked to write: nobody else takes the next one
  virtual Result<std::optional<Stored<RunRecord>>> read_run(std::int64_t run) = 0;
  virtual Result<std::optional<Stored<TargetRecord>>> read_target(std::int64_t run, int number) = 0;  // with its steps
  virtual Result<std::optional<std::string>> read_head(std::int64_t run, int number) = 0;             // of the target's chain
  virtual Result<std::optional<StoredObligation>> read_obligation(const std::string& id) = 0;

  // Writing: a row that is there is replaced.
  virtual Result<void> write_event(const StoredEvent& stored) = 0;
  virtual Result<void> write_run(const Stored<RunRecord>& stored) = 0;
  // Only the steps whose paths are given are written.
  virtual Result<void> write_target(const Stored<TargetRecord>& stored, const std::set<std::string>& steps) = 0;
  virtual Result<void> write_obligation(const StoredObligation& stored) = 0;
  virtual Result<void> write_backup(const BackupRecord& backup) = 0;
  virtual Result<void> mark_backups_deleted(std::int64_t run, const std::string& file) = 0;

  // For verify().
  using EventVisitor = std::function<Result<void>(const StoredEvent&)>;
  virtual Result<void> visit_chains(const EventVisitor& visit) = 0;  // by run, target, sequence
  // Those about obligations, and successes that may report a backup, by sequence; with the id of their target.
  virtual Result<void> visit_owed(const std::function<Result<void>(const StoredEvent&, const std::string&)>& visit) = 0;
  virtual Result<std::vector<StoredObligation>> read_obligations(bool open_only) = 0;  // by due date
  virtual Result<std::vector<BackupRecord>> read_backups() = 0;                        // oldest first
  virtual Result<JournalCounts> count() = 0;
  virtual Result<std::vector<std::pair<std::int64_t, std::int64_t>>> gaps() = 0;  // first and last sequence of each
  virtual Result<std::vector<std::string>> rows_without_events() = 0;             // "r7", "r7/t42"
};

}  // namespace pgconvoy
