// The writing half of the SQLite journal, and its opening. sqlite_read.cpp and sqlite_verify.cpp hold the rest.
#include "engine/journal/sqlite_journal.hpp"

#include <fmt/format.h>

#include "engine/journal/sqlite_appender.hpp"
#include "engine/journal/sqlite_schema.hpp"

namespace pgconvoy {

Result<std::unique_ptr<Journal>> open_journal(const std::string& uri, OpenMode mode) {
  std::string path = uri;
  if (path.starts_with("postgresql:") || path.starts_with("postgres:"))
    return Error(ErrorKind::usage, "a journal in PostgreSQL is not available in this build",
                 "give a path: --journal sqlite:PATH");
  if (path.starts_with("sqlite:")) path.erase(0, 7);
  if (path.empty())
    return Error(ErrorKind::usage, "the journal has no path", "give one: --journal PATH, or PGCONVOY_JOURNAL");
  return SqliteJournal::open(path, mode);
}

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

Result<std::int64_t> SqliteJournal::create_run(json plan, std::vector<json> planned_targets, WallTime now) {
  TRY_VOID(refuse_when_read_only());
  if (planned_targets.empty())
    return Error(ErrorKind::usage, "a run needs at least one target; the selection is empty");
  const std::scoped_lock lock(mutex_);
  TRY(auto transaction, SqliteTransaction::start(*database_, "begin immediate"));
  TRY(const auto last, database_->integer("select seq from sqlite_sequence where name = 'runs'"));
  SqliteAppender appender(*database_, token_);
  Event event;
  event.run = last + 1;
  event.kind = EventKind::run_planned;
  event.at = now;
  event.data = std::move(plan);
  TRY_VOID(appender.add(event));
  event.kind = EventKind::target_planned;
  for (json& planned : planned_targets) {
    ++event.target;
    if (planned.is_object() && planned.value("number", json(event.target)) != event.target)
      return Error(ErrorKind::usage,
                   fmt::format("target {} of the plan says that it has another number", event.target));
    event.data = std::move(planned);
    TRY_VOID(appender.add(event));
  }
  TRY_VOID(appender.finish());
  TRY_VOID(transaction.commit());
  return event.run;
}

Result<void> SqliteJournal::append(std::vector<Event>& events) {
  TRY_VOID(refuse_when_read_only());
  if (events.empty()) return {};
  const std::scoped_lock lock(mutex_);
  const auto write = [&]() -> Result<void> {
    TRY(auto transaction, SqliteTransaction::start(*database_, "begin immediate"));
    SqliteAppender appender(*database_, token_, &known_);
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
