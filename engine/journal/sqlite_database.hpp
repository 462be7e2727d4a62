// SQLite's C interface with owners: a database, its prepared statements, a transaction. A row can be read as one of the journal's.
//
// One thread at a time. Statements are prepared once per text and reused.
#pragma once

#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/journal/row_records.hpp"

namespace pgconvoy {

class SqliteDatabase;

// A statement in use. It is reset and given back when it goes; it must not outlive its database.
class SqliteStatement final : public RowView {
 public:
  SqliteStatement(SqliteStatement&& other) noexcept;
  SqliteStatement& operator=(SqliteStatement&&) = delete;
  ~SqliteStatement() override;

  // Binds the values to the parameters from the first on: integers, text, nullptr, optional text.
  template <class... Values>
  SqliteStatement& bind(const Values&... values) {
    int index = 0;
    (bind_one(++index, values), ...);
    return *this;
  }

  // True: there is a row to read. False: the end.
  Result<bool> step();
  // To the end, without looking at rows, and ready to be bound again.
  Result<void> run();

  std::int64_t integer(int column) const override { return sqlite3_column_int64(handle_, column); }
  bool is_null(int column) const override { return sqlite3_column_type(handle_, column) == SQLITE_NULL; }
  std::string text(int column) const override;

 private:
  friend class SqliteDatabase;
  using Idle = std::vector<sqlite3_stmt*>;
  SqliteStatement(SqliteDatabase& database, Idle& home, sqlite3_stmt* handle) : database_(&database), home_(&home), handle_(handle) {}

  void bind_one(int index, std::int64_t value);
  void bind_one(int index, int value) { bind_one(index, std::int64_t{value}); }
  void bind_one(int index, bool value) { bind_one(index, std::int64_t{value}); }
  void bind_one(int index, std::string_view value);
  void bind_one(int index, const char* value) { bind_one(index, std::string_view(value)); }
  void bind_one(int index, const std::string& value) { bind_one(index, std::string_view(value)); }
  void bind_one(int index, std::nullptr_t);
  void bind_one(int index, const std::optional<std::string>& value);

  SqliteDatabase* database_;
  Idle* home_;  // where it goes back to: those of the same text that nobody uses
  sqlite3_stmt* handle_;
};

class SqliteDatabase {
 public:
  // How long another process's lock is waited for.
  static constexpr std::chrono::milliseconds kLockPatience{30'000};

  SqliteDatabase() = default;
  SqliteDatabase(const SqliteDatabase&) = delete;
  SqliteDatabase& operator=(const SqliteDatabase&) = delete;
  ~SqliteDatabase();

  // Opens an existing file and touches nothing in it: SQLite reads it with the first statement.
  Result<void> open(const std::filesystem::path& path, bool read_only);

  // The file's first bytes (fewer when it is shorter) and its size, read through SQLite's own descriptor: closing one
  // of our own would drop the POSIX locks that another connection of this process holds on the file.
  Result<std::string> header(std::size_t count, std::int64_t& file_size);

  bool is_read_only() const { return sqlite3_db_readonly(handle_, "main") == 1; }
  std::int64_t last_id() const { return sqlite3_last_insert_rowid(handle_); }

  Result<SqliteStatement> prepare(std::string_view text);
  // One or more statements without parameters and without rows that matter.
  Result<void> execute(const char* text);
  // The first column of the only row.
  Result<std::int64_t> integer(std::string_view text);

  // What SQLite says about its last call, as an Error: full disk and I/O are `io`, damage is `corrupt`, a lock that
  // did not come free is `timeout`.
  Error error(const std::string& statement) const;

 private:
  friend class SqliteStatement;
  sqlite3* handle_ = nullptr;
  std::string path_;
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::unordered_map<std::string, SqliteStatement::Idle, TextHash, std::equal_to<>> idle_;
};

// Rolled back unless committed.
class SqliteTransaction {
 public:
  // `begin` is "begin immediate" to write, "begin" for a consistent view.
  static Result<SqliteTransaction> start(SqliteDatabase& database, const char* begin);
  SqliteTransaction(SqliteTransaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  SqliteTransaction& operator=(SqliteTransaction&&) = delete;
  ~SqliteTransaction();
  Result<void> commit();

 private:
  explicit SqliteTransaction(SqliteDatabase& database) : database_(&database) {}
  SqliteDatabase* database_;
};

}  // namespace pgconvoy
