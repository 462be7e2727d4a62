// One connection to the journal's server, through libpqxx: statements with parameters, transactions, and every failure as
// an Error that says whether the connection is lost. Nothing here knows the journal's tables.
//
// Blocking. One thread at a time. A lost connection stays lost until connect(): what the session held (locks, settings, a
// transaction) is gone with it, so nothing here connects again by itself.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/journal/row_records.hpp"
#include "engine/postgres/connection.hpp"

namespace pgconvoy {

// Nothing is NULL.
using SqlParameter = std::optional<std::string>;

class PostgresRows {
 public:
  struct Content;
  explicit PostgresRows(std::shared_ptr<const Content> content) : content_(std::move(content)) {}

  // A row, valid as long as these are.
  class Row final : public RowView {
   public:
    Row(const Content& content, int row) : content_(content), row_(row) {}
    std::int64_t integer(int column) const override;
    bool is_null(int column) const override;
    std::string text(int column) const override;

   private:
    const Content& content_;
    int row_;
  };

  int size() const;
  bool empty() const { return size() == 0; }
  Row operator[](int row) const { return {*content_, row}; }

 private:
  std::shared_ptr<const Content> content_;
};

class PostgresDatabase {
 public:
  explicit PostgresDatabase(ConnectionSpec connection);
  ~PostgresDatabase();
  PostgresDatabase(const PostgresDatabase&) = delete;
  PostgresDatabase& operator=(const PostgresDatabase&) = delete;

  // Connects (again) and makes the session as a journal needs it: it waits neither for ever nor for a lock for long, and
  // a commit is on disk when it returns. Error unreachable (retryable), or sql for what the server refuses.
  Result<void> connect();
  bool connected() const;
  void drop();  // ends the connection, if there is one
  // Ends the connection while another thread waits for an answer on it: that call fails as with a lost one.
  void cut();
  int backend_pid() const;
  int socket() const;  // -1 when not connected

  // Every failure that ends the connection is of kind unreachable, and connected() is false afterwards.
  // `sql` is prepared once per text. Only text goes in and out; $n::type says what it is.
  Result<PostgresRows> query(const std::string& sql, const std::vector<SqlParameter>& parameters = {});
  // The same, not prepared: for what is different each time.
  Result<PostgresRows> unprepared(const std::string& sql);
  // One or more statements without parameters, whose rows don't matter.
  Result<void> execute(const std::string& sql);
  Result<std::int64_t> integer(const std::string& sql, const std::vector<SqlParameter>& parameters = {});

  // Notifications of channels that were listened to: how many came since the last call. Doesn't wait.
  Result<int> notifications();

  const ConnectionSpec& connection() const { return connection_; }

 private:
  struct Impl;
  template <class Function>
  auto guarded(const std::string& sql, Function function) -> Result<std::invoke_result_t<Function&>>;

  ConnectionSpec connection_;
  std::unique_ptr<Impl> impl_;
  std::mutex socket_mutex_;
  int socket_ = -1;  // what cut() may end
};

// Rolled back unless committed.
class PostgresTransaction {
 public:
  static Result<PostgresTransaction> start(PostgresDatabase& database, const char* begin = "begin");
  PostgresTransaction(PostgresTransaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  PostgresTransaction& operator=(PostgresTransaction&&) = delete;
  ~PostgresTransaction();
  // outcome_unknown when the connection was lost before the server's answer: look what is there, never repeat blindly.
  Result<void> commit();

 private:
  explicit PostgresTransaction(PostgresDatabase& database) : database_(&database) {}
  PostgresDatabase* database_;
};

// '{"a","b",NULL}': an array's text, for $1::text[].
class ArrayText {
 public:
  ArrayText& add(const SqlParameter& value);
  ArrayText& add(std::int64_t value);
  std::string text() const { return "{" + text_ + "}"; }
  std::size_t size() const { return text_.size(); }

 private:
  std::string text_;
};

}  // namespace pgconvoy
