// One non-blocking libpq session under Asio, with a deadline on everything.
//
// A session belongs to one coroutine at a time. A statement that misses its deadline is cancelled and drained;
// when the server does not answer the cancel either, the session is poisoned and closed. Nothing reconnects.
// Every session pins: standard_conforming_strings on, client_encoding UTF8, DateStyle ISO, IntervalStyle postgres,
// extra_float_digits 1, bytea_output hex, TimeZone UTC, search_path '' (pg_catalog only), lock_timeout as asked.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/core/task.hpp"
#include "engine/postgres/connection.hpp"

struct pg_conn;

namespace pgconvoy {

using Value = std::optional<std::string>;  // text format; nullopt is NULL
using Row = std::vector<Value>;

struct Rows {
  std::vector<std::string> columns;
  std::vector<Row> rows;
  std::int64_t affected = 0;  // from the command tag

  bool empty() const { return rows.empty(); }
  std::size_t size() const { return rows.size(); }
  // The text at a place; "" for NULL. Column by number.
  std::string text(std::size_t row, std::size_t column) const { return rows[row][column].value_or(""); }
  bool truth(std::size_t row, std::size_t column) const { return rows[row][column] == "t"; }
  std::int64_t number(std::size_t row, std::size_t column) const;
};

// Receives COPY OUT: called with whole rows (one line each with its newline) of the statement number
// `statement` in the batch, in order. Runs on the loop's thread; keep it short.
using CopySink = std::function<void(std::size_t statement, std::string_view line)>;

// Takes what COPY OUT sends, in pieces of whole rows of about 64 KiB; the server is read on when it has returned. Its
// error ends the statement, and is the statement's.
using CopyTaker = std::function<Task<Result<void>>(std::string piece)>;
// Gives what COPY IN is to send, in pieces of any size; an empty one is the end. With its error nothing is stored.
using CopyGiver = std::function<Task<Result<std::string>>()>;

struct SessionOptions {
  std::string application_name = "pgconvoy";
  Seconds connect_limit{10};
  Seconds statement_limit{60};  // default for every statement; also set as statement_timeout on the server
  Seconds lock_limit{10};       // lock_timeout on the server
  std::vector<std::pair<std::string, std::string>> settings;  // more SETs right at the start
  bool console = false;  // a pooler's admin console: no settings are pinned, and only script() is understood
};

class Session {
 public:
  virtual ~Session() = default;

  // One statement through the extended protocol; `parameters` are $1, $2 ... in text format.
  virtual Task<Result<Rows>> query(std::string sql, std::vector<Value> parameters = {},
                                   std::optional<Seconds> limit = std::nullopt) = 0;

  // One or more statements in one simple-protocol message (one implicit transaction unless they say otherwise).
  // Returns the rows of each statement that returned any.
  virtual Task<Result<std::vector<Rows>>> script(std::string sql, std::optional<Seconds> limit = std::nullopt) = 0;

  // One or more `COPY ... TO STDOUT` in one message; bounded memory. The limit is on silence, not on the whole.
  virtual Task<Result<void>> copy_out(std::string sql, CopySink sink, std::optional<Seconds> silence = std::nullopt) = 0;

  // One `COPY ... TO STDOUT`, at the pace of whoever takes it; bounded memory. The limit is on the server's silence.
  virtual Task<Result<void>> copy_out_pieces(std::string sql, CopyTaker taker, std::optional<Seconds> silence = std::nullopt);
  // One `COPY ... FROM STDIN`; returns how many rows it stored. The limit is on the server's silence, not on waiting for
  // what is given.
  virtual Task<Result<std::int64_t>> copy_in(std::string sql, CopyGiver giver, std::optional<Seconds> silence = std::nullopt);

  virtual std::string quote_identifier(const std::string& name) const = 0;
  virtual std::string quote_literal(const std::string& value) const = 0;
  // A SCRAM verifier for CREATE/ALTER ROLE (PQencryptPasswordConn): the clear text never stands in SQL.
  virtual Result<Secret> encrypt_password(const Secret& clear, const std::string& role) const = 0;

  virtual int server_version() const = 0;  // 130023
  virtual int backend_pid() const = 0;
  virtual bool usable() const = 0;
  virtual const std::string& server() const = 0;
  virtual void close() = 0;
};

using SessionPtr = std::unique_ptr<Session>;

// The seam at which tests put faults between us and PostgreSQL.
class SessionFactory {
 public:
  virtual ~SessionFactory() = default;
  virtual Task<Result<SessionPtr>> open(ConnectionSpec connection, SessionOptions options) = 0;
};

std::unique_ptr<SessionFactory> make_session_factory(asio::thread_pool& pool);

// Quoting without a connection, by PostgreSQL's rules for UTF-8 and standard_conforming_strings.
std::string quote_identifier(std::string_view name);
std::string quote_literal(std::string_view value);

}  // namespace pgconvoy
