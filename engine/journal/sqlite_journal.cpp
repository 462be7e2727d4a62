// The writing half of the SQLite journal, and its opening. sqlite_read.cpp and sqlite_verify.cpp hold the rest.
#include "engine/journal/sqlite_journal.hpp"

#include <fmt/format.h>

#include "engine/journal/appender.hpp"
#include "engine/journal/sqlite_schema.hpp"
#include "engine/journal/sqlite_store.hpp"

namespace pgconvoy {

Result<std::unique_ptr<Journal>> SqliteJournal::open(const std::filesystem::path& path, OpenMode mode) {
  TRY(auto database, open_journal_file(path, mode));
  std::string token;
  {
    TRY(auto row, database->prepare("select value from journal where key = 'token'"));
    TRY(const bool found, row.step());
    if (!found)
      return Error(ErrorKind::corrupt, fmt::format("the journal {} has lost its token", path.string()),
                   "restore the file together with its -wal and -shm from a backup");
    token = row.text(0);
  }
  // Two ways to name the file must lead to one lock.
  std::error_code problem;
  auto whole = std::filesystem::canonical(path, problem);
  return std::unique_ptr<Journal>(new SqliteJournal(problem ? path : std::move(whole), mode == OpenMode::read_only,
                                                    std::move(database), std::move(token)));
}

Result<void> SqliteJournal::refuse_when_read_only() const {
  if (!read_only_) return {};
  return Error(ErrorKind::refused, fmt::format("the journal {} was opened for reading only", path_.string()));
}

Result<std::int64_t> SqliteJournal::create_run(json plan, PlannedTargets targets, WallTime now) {
  TRY_VOID(refuse_when_read_only());
  if (targets.count == 0)
    return Error(ErrorKind::usage, "a run needs at least one target; the selection is empty");
  const std::scoped_lock lock(mutex_);
  TRY(auto transaction, SqliteTransaction::start(*database_, "begin immediate"));
  TRY(const auto last, database_->integer("select seq from sqlite_sequence where name = 'runs'"));
  SqliteStore store(*database_);
  JournalAppender appender(store, token_);
  TRY_VOID(appender.plan_run(last + 1, std::move(plan), targets, now));
  TRY_VOID(appender.finish());
  TRY_VOID(transaction.commit());
  return last + 1;
}

Result<void> SqliteJournal::append(std::vector<Event>& events) {
  TRY_VOID(refuse_when_read_only());
  if (events.empty()) return {};
  const std::scoped_lock lock(mutex_);
  const auto write = [&]() -> Result<void> {
    TRY(auto transaction, SqliteTransaction::start(*database_, "begin immediate"));
    SqliteStore store(*database_);
    JournalAppender appender(store, token_, &known_);
    for (Event& event : events) {
      if (event.kind == EventKind::run_planned || event.kind == EventKind::target_planned)
        return Error(ErrorKind::conflict, "runs and their targets are planned together, by create_run");
      TRY_VOID(appender.add(event));
    }
    TRY_VOID(appender.finish());
    return transaction.commit();
  };
  auto written = write();
  if (!written)
    for (Event& event : events) event.sequence = 0;
  return written;
}

Result<void> SqliteJournal::lock_run(std::int64_t id) {
  TRY_VOID(refuse_when_read_only());
  const std::scoped_lock lock(mutex_);
  if (locks_.contains(id)) return {};
  TRY_VOID(read_whole_run(id, false));
  TRY(auto taken, RunLock::take(fmt::format("{}.r{}.lock", path_.string(), id), fmt::format("r{}", id)));
  locks_.emplace(id, std::move(taken));
  return {};
}

}  // namespace pgconvoy
