#include "engine/journal/sqlite_database.hpp"

#include <fmt/format.h>

#include <utility>

namespace pgconvoy {

static Error damaged(Error error) {
  error.kind = ErrorKind::corrupt;
  error.remedy = "keep a copy, then restore the file together with its -wal and -shm from a backup";
  return error;
}

SqliteStatement::SqliteStatement(SqliteStatement&& other) noexcept
    : database_(other.database_), home_(other.home_), handle_(std::exchange(other.handle_, nullptr)) {}

SqliteStatement::~SqliteStatement() {
  if (!handle_) return;
  sqlite3_reset(handle_);
  sqlite3_clear_bindings(handle_);
  home_->push_back(handle_);
}

// A bind fails only for an index that the statement has not, which the first test of that statement shows, and for
// lack of memory, which the step then reports.
void SqliteStatement::bind_one(int index, std::int64_t value) { sqlite3_bind_int64(handle_, index, value); }
void SqliteStatement::bind_one(int index, std::nullptr_t) { sqlite3_bind_null(handle_, index); }
void SqliteStatement::bind_one(int index, std::string_view value) {
  const char* data = value.data() ? value.data() : "";
  sqlite3_bind_text64(handle_, index, data, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}
void SqliteStatement::bind_one(int index, const std::optional<std::string>& value) {
  if (value)
    bind_one(index, std::string_view(*value));
  else
    bind_one(index, nullptr);
}

Result<bool> SqliteStatement::step() {
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return database_->error(sqlite3_sql(handle_));
}

Result<void> SqliteStatement::run() {
  for (;;) {
    TRY(const bool more, step());
    if (!more) break;
  }
  sqlite3_reset(handle_);
  return {};
}

std::string SqliteStatement::text(int column) const {
  const auto* data = sqlite3_column_text(handle_, column);
  if (!data) return {};
  return {reinterpret_cast<const char*>(data), static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

SqliteDatabase::~SqliteDatabase() {
  for (auto& [text, statements] : idle_)
    for (sqlite3_stmt* statement : statements) sqlite3_finalize(statement);
  sqlite3_close(handle_);
}

Result<void> SqliteDatabase::open(const std::filesystem::path& path, bool read_only) {
  path_ = path.string();
  const int flags = (read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) | SQLITE_OPEN_FULLMUTEX;
  if (sqlite3_open_v2(path_.c_str(), &handle_, flags, nullptr) != SQLITE_OK) return error({});
  sqlite3_extended_result_codes(handle_, 1);
  sqlite3_busy_timeout(handle_, static_cast<int>(kLockPatience.count()));
  return {};
}

Result<std::string> SqliteDatabase::header(std::size_t count, std::int64_t& file_size) {
  sqlite3_file* file = nullptr;
  sqlite3_int64 size = 0;
  if (sqlite3_file_control(handle_, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK || !file ||
      !file->pMethods || file->pMethods->xFileSize(file, &size) != SQLITE_OK)
    return Error(ErrorKind::io, fmt::format("cannot read {}", path_));
  file_size = size;
  std::string bytes(std::min<std::size_t>(count, static_cast<std::size_t>(size)), '\0');
  if (!bytes.empty() && file->pMethods->xRead(file, bytes.data(), static_cast<int>(bytes.size()), 0) != SQLITE_OK)
    return Error(ErrorKind::io, fmt::format("cannot read {}", path_));
  return bytes;
}

Result<SqliteStatement> SqliteDatabase::prepare(std::string_view text) {
  auto home = idle_.find(text);
  if (home != idle_.end() && !home->second.empty()) {
    sqlite3_stmt* statement = home->second.back();
    home->second.pop_back();
    return SqliteStatement(*this, home->second, statement);
  }
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(handle_, text.data(), static_cast<int>(text.size()), SQLITE_PREPARE_PERSISTENT, &statement,
                         nullptr) != SQLITE_OK) {
    Error problem = error(std::string(text));
    // Every statement of ours fits a journal's tables, so the tables are not those of a journal.
    if (sqlite3_errcode(handle_) == SQLITE_ERROR) problem = damaged(std::move(problem));
    return problem;
  }
  if (home == idle_.end()) home = idle_.emplace(text, SqliteStatement::Idle()).first;
  return SqliteStatement(*this, home->second, statement);
}

Result<void> SqliteDatabase::execute(const char* text) {
  if (sqlite3_exec(handle_, text, nullptr, nullptr, nullptr) != SQLITE_OK) return error(text);
  return {};
}

Result<std::int64_t> SqliteDatabase::integer(std::string_view text) {
  TRY(auto statement, prepare(text));
  TRY(const bool found, statement.step());
  return found ? statement.integer(0) : 0;
}

Error SqliteDatabase::error(const std::string& statement) const {
  const int code = handle_ ? sqlite3_extended_errcode(handle_) : SQLITE_NOMEM;
  const char* said = handle_ ? sqlite3_errmsg(handle_) : "out of memory";
  Error error(ErrorKind::internal, fmt::format("journal {}: {}", path_, said));
  switch (code & 0xff) {
    case SQLITE_FULL:
      error.kind = ErrorKind::io;
      error.remedy = "free space on its file system, then pgconvoy resume";
      break;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      error.kind = ErrorKind::io;
      error.message += fmt::format(" (system error {})", sqlite3_system_errno(handle_));
      error.remedy = "check the file system, its free space, and the rights on the file and its directory";
      break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_TOOBIG:
    case SQLITE_FORMAT:
      error = damaged(std::move(error));
      break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      error.kind = ErrorKind::timeout;
      error.remedy = "another process holds the journal's write lock for too long; find it with: fuser " + path_;
      error.retryable = true;
      break;
    default:
      break;
  }
  error.statement = statement;
  return error;
}

Result<SqliteTransaction> SqliteTransaction::start(SqliteDatabase& database, const char* begin) {
  TRY_VOID(database.execute(begin));
  return SqliteTransaction(database);
}

SqliteTransaction::~SqliteTransaction() {
  if (database_) (void)database_->execute("rollback");
}

Result<void> SqliteTransaction::commit() {
  if (auto done = database_->execute("commit"); !done) {
    Error error = done.error();
    // A commit that was refused for a lock is whole and still open; any other may or may not have reached the disk.
    error.outcome_unknown = error.kind != ErrorKind::timeout;
    return error;
  }
  database_ = nullptr;
  return {};
}

}  // namespace pgconvoy
