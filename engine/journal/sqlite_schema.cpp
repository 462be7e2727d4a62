#include "engine/journal/sqlite_schema.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <map>
#include <thread>

#include "engine/core/secret.hpp"

namespace pgconvoy {
namespace {

constexpr const char* kTables = R"sql(
create table journal (key text primary key, value text not null) without rowid;
create table runs (
  id integer primary key autoincrement, state text not null, intent text not null, runbook text not null,
  runbook_digest text not null, created text not null, started text, ended text, planned integer not null,
  hash text not null);
create table targets (
  run integer not null references runs(id) deferrable initially deferred, number integer not null, id text not null, region text not null,
  state text not null, epoch integer not null, pivoted integer not null, reason text, started text, ended text,
  paused_at text, resumed_at text, planned integer not null, hash text not null,
  primary key (run, number)) without rowid;
create index targets_by_state on targets (run, state);
create table steps (
  run integer not null, target integer not null, path text not null, status text not null, attempt integer not null,
  epoch integer not null, first_started integer not null, intent text, outcome text, error text, started text,
  ended text, primary key (run, target, path), foreign key (run, target) references targets(run, number)
  deferrable initially deferred) without rowid;
create table events (
  sequence integer primary key autoincrement,
  run integer not null references runs(id) deferrable initially deferred, target integer not null,
  step text not null, attempt integer not null, epoch integer not null, kind text not null, at text not null,
  data text not null, hash text not null);
create index events_by_target on events (run, target, sequence);
create index events_by_run on events (run, sequence);
create table obligations (
  id text primary key, run integer not null references runs(id) deferrable initially deferred,
  target integer not null, kind text not null,
  state text not null, due text not null, waits_for text not null, data text not null) without rowid;
create table backups (
  run integer not null, target integer not null, instance text not null, file text not null, target_id text not null,
  server text not null, database text not null, bytes integer not null, sha256 text not null, format text not null,
  created text not null, state text not null, details text, primary key (run, target, instance, file),
  foreign key (run, target) references targets(run, number)
  deferrable initially deferred) without rowid;
)sql";

std::uint32_t big_endian(const std::string& bytes, std::size_t offset, int count) {
  std::uint32_t value = 0;
  for (int i = 0; i < count; ++i) value = value << 8 | static_cast<unsigned char>(bytes[offset + i]);
  return value;
}

Error not_a_journal(const std::filesystem::path& path, const std::string& why) {
  return {ErrorKind::refused, fmt::format("{} is not a pgconvoy journal: {}; it was not touched", path.string(), why),
          "give the journal's path with --journal or PGCONVOY_JOURNAL"};
}

Error system_error(const std::filesystem::path& path, const char* what, int code) {
  Error error(code == ENOENT ? ErrorKind::not_found : ErrorKind::io,
              fmt::format("cannot {} journal {}: {}", what, path.string(), std::strerror(code)));
  struct stat about {};
  if (code == ENOENT)
    error.remedy = "make the directory first, open to its owner only (mkdir -p -m 0700)";
  else if (stat(path.c_str(), &about) == 0)
    error.remedy =
        fmt::format("it belongs to user id {} with mode {:04o}; run as that user", about.st_uid, about.st_mode & 07777);
  else
    error.remedy = "check the rights on its directory";
  return error;
}

// The file exists afterwards, with mode 0600 when it was made here. SQLite gives -wal and -shm the same mode.
Result<void> make_file(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file >= 0) {
    ::close(file);
    return {};
  }
  if (errno == EEXIST) return {};
  return system_error(path, "make", errno);
}

// SQLite's header (sqlite.org/fileformat.html): page size at 16, pages at 28, user_version at 60, application_id at 68.
Result<void> recognise_once(const std::filesystem::path& path, SqliteDatabase& database, OpenMode mode) {
  std::int64_t size = 0;
  TRY(const std::string bytes, database.header(100, size));
  if (size == 0) {
    if (mode == OpenMode::create) return {};
    return Error(ErrorKind::refused, fmt::format("the journal {} is empty", path.string()), "pgconvoy run makes it");
  }
  if (bytes.size() < 100 || bytes.compare(0, 16, "SQLite format 3\0", 16) != 0)
    return not_a_journal(path, "it is not an SQLite database");
  if (const auto id = big_endian(bytes, 68, 4); id != kJournalApplicationId)
    return not_a_journal(path, fmt::format("it is another application's SQLite database (application_id {})", id));
  if (const auto version = big_endian(bytes, 60, 4); version > kJournalVersion)
    return Error(
        ErrorKind::refused,
        fmt::format("the journal {} has format {}, this program knows {}", path.string(), version, kJournalVersion),
        "use the newer pgconvoy that made it; it was not touched");
  // user_version of a journal that is just being made is 0, and so is its application_id.
  if (const auto version = big_endian(bytes, 60, 4); version < kJournalVersion)
    return Error(ErrorKind::corrupt,
                 fmt::format("the journal {} is damaged: there is no format {}; it was not touched", path.string(), version),
                 "keep a copy, then restore the file together with its -wal and -shm from a backup");
  const std::int64_t page = big_endian(bytes, 16, 2) == 1 ? 65536 : big_endian(bytes, 16, 2);
  // Pages may be missing in the file and stand in the -wal; with a -journal, a process was killed in the first
  // transaction, in the middle of writing the file, and SQLite takes that back.
  const auto filled = [&path](const char* suffix) {
    std::error_code none;
    const auto bytes_there = std::filesystem::file_size(path.string() + suffix, none);
    return !none && bytes_there > 0;
  };
  const bool unfinished = filled("-wal") || filled("-journal");
  const bool odd_page = page < 512 || (page & (page - 1)) != 0;
  if (odd_page || (!unfinished && size < page * std::int64_t{big_endian(bytes, 28, 4)}))
    return Error(ErrorKind::corrupt,
                 fmt::format("the journal {} is damaged: {}; it was not touched", path.string(),
                             odd_page ? "its header makes no sense" : "it is shorter than its header says"),
                 "keep a copy, then restore the file together with its -wal and -shm from a backup");
  return {};
}

// The header is read without a lock, since with one SQLite may write (it takes back what a killed process left). So a
// journal that another process is just making may look too short: its size is read, the rest is written, its -journal is
// removed, and then that is looked for. Read once more after that it is whole, or was damaged the first time too;
// one that another process takes back to nothing meanwhile ends before what was to be read of it.
Result<void> recognise(const std::filesystem::path& path, SqliteDatabase& database, OpenMode mode) {
  auto recognised = recognise_once(path, database, mode);
  const bool again = !recognised && (recognised.error().kind == ErrorKind::corrupt || recognised.error().kind == ErrorKind::io);
  if (again) recognised = recognise_once(path, database, mode);
  return recognised;
}

Result<void> fill(SqliteDatabase& database) {
  TRY_VOID(database.execute(kTables));
  TRY(auto insert, database.prepare("insert into journal values (?, ?)"));
  TRY_VOID(insert.bind("token", random_token(6)).run());
  TRY_VOID(insert.bind("created", format_utc(std::chrono::system_clock::now())).run());
  TRY_VOID(database.execute(fmt::format("pragma application_id = {}", kJournalApplicationId).c_str()));
  return database.execute(fmt::format("pragma user_version = {}", kJournalVersion).c_str());
}

// Under the write lock, so that of two processes with an empty file one makes the journal and the other finds it.
Result<void> make_or_find(const std::filesystem::path& path, SqliteDatabase& database, OpenMode mode) {
  std::int64_t size = 0;
  TRY_VOID(database.header(0, size));
  if (size > 0) {
    TRY(const auto id, database.integer("pragma application_id"));
    if (id == kJournalApplicationId) return {};
  }
  TRY(auto transaction, SqliteTransaction::start(database, "begin immediate"));
  TRY(const auto id, database.integer("pragma application_id"));
  TRY(const auto tables, database.integer("select count(*) from sqlite_master"));
  if (id == kJournalApplicationId) return {};
  if (id != 0 || tables != 0) return not_a_journal(path, "another application has just filled it");
  if (mode != OpenMode::create)
    return Error(ErrorKind::refused, fmt::format("the journal {} is empty", path.string()), "pgconvoy run makes it");
  TRY_VOID(fill(database));
  return transaction.commit();
}

// Of two processes that change the mode at once SQLite refuses one without waiting: each holds what the other needs.
// Tried again for as long as any other lock is waited for; a file that has the mode already isn't locked at all.
Result<void> write_ahead(SqliteDatabase& database) {
  const auto until = std::chrono::steady_clock::now() + SqliteDatabase::kLockPatience;
  for (;;) {
    auto changed = database.execute("pragma journal_mode = wal; pragma synchronous = full");
    if (changed || changed.error().kind != ErrorKind::timeout || std::chrono::steady_clock::now() > until) return changed;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

// A column that may be missing (made by an earlier version, which knows nothing of it and writes such files still).
Result<void> add_backup_details(SqliteDatabase& database) {
  TRY(const bool there, has_backup_details(database));
  if (there) return {};
  TRY(auto transaction, SqliteTransaction::start(database, "begin immediate"));
  TRY(const bool now, has_backup_details(database));
  if (!now) TRY_VOID(database.execute("alter table backups add column details text"));
  return transaction.commit();
}

// Name to definition, without the white space that means nothing. Of the table of backups only the part before a column
// that may be missing.
Result<std::map<std::string, std::string>> definitions(SqliteDatabase& database) {
  std::map<std::string, std::string> found;
  TRY(auto row, database.prepare("select name, type || ' ' || tbl_name || ' ' || coalesce(sql, '') from sqlite_master"));
  for (;;) {
    TRY(const bool more, row.step());
    if (!more) return found;
    std::string text;
    for (const char c : row.text(1))
      if (!std::isspace(static_cast<unsigned char>(c))) text += c;
    if (const auto column = text.find(",detailstext"); row.text(0) == "backups" && column != std::string::npos)
      text.erase(column, 12);
    found[row.text(0)] = std::move(text);
  }
}

}  // namespace

Result<std::vector<std::string>> differing_tables(SqliteDatabase& database) {
  SqliteDatabase sound;
  TRY_VOID(sound.open(":memory:", false));
  TRY_VOID(sound.execute(kTables));
  TRY(const auto wanted, definitions(sound));
  TRY(const auto found, definitions(database));
  std::vector<std::string> differences;
  for (const auto& [name, definition] : wanted) {
    const auto there = found.find(name);
    if (there == found.end())
      differences.push_back(fmt::format("\"{}\" is missing: it is not the journal that pgconvoy made", name));
    else if (there->second != definition)
      differences.push_back(fmt::format("\"{}\" is not defined as in a journal: its definition is damaged", name));
  }
  for (const auto& [name, definition] : found)
    if (!wanted.contains(name)) differences.push_back(fmt::format("\"{}\" is no part of a journal", name));
  return differences;
}

Result<bool> has_backup_details(SqliteDatabase& database) {
  TRY(const auto count, database.integer("select count(*) from pragma_table_info('backups') where name = 'details'"));
  return count > 0;
}

Result<std::unique_ptr<SqliteDatabase>> open_journal_file(const std::filesystem::path& path, OpenMode mode) {
  if (mode == OpenMode::create) TRY_VOID(make_file(path));
  struct stat about {};
  if (stat(path.c_str(), &about) != 0) {
    if (errno != ENOENT) return system_error(path, "open", errno);
    return Error(ErrorKind::not_found, fmt::format("there is no journal {}", path.string()),
                 "check --journal or PGCONVOY_JOURNAL; pgconvoy run makes a journal");
  }
  if (!S_ISREG(about.st_mode)) return not_a_journal(path, "it is not a file");
  if (mode == OpenMode::create && about.st_size == 0 && chmod(path.c_str(), 0600) != 0)
    return system_error(path, "protect", errno);
  const bool read_only = mode == OpenMode::read_only;
  if (access(path.c_str(), read_only ? R_OK : R_OK | W_OK) != 0) return system_error(path, "open", errno);

  auto database = std::make_unique<SqliteDatabase>();
  TRY_VOID(database->open(path, read_only));
  TRY_VOID(recognise(path, *database, mode));
  if (!read_only) {
    if (database->is_read_only()) return system_error(path, "write", EACCES);
    TRY_VOID(database->execute("pragma foreign_keys = on"));
    TRY_VOID(make_or_find(path, *database, mode));
    TRY_VOID(write_ahead(*database));
    TRY_VOID(add_backup_details(*database));
  }
  return database;
}

}  // namespace pgconvoy
