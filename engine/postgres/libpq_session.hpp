// The session over libpq's asynchronous calls. Its parts: session_connect.cpp opens, session_execute.cpp sends and
// reads, session_deadline.cpp cancels.
#pragma once

#include <libpq-fe.h>

#include <memory>

#include "engine/postgres/session.hpp"
#include "engine/postgres/socket_watch.hpp"

namespace pgconvoy {

// What a session with these options has set from its start: what every session pins, limits, and the options' own.
std::vector<std::pair<std::string, std::string>> settings_of(const SessionOptions& options);
// A SELECT that sets them for the rest of the session.
std::string setting_script(const SessionOptions& options);

class LibpqSession final : public Session {
 public:
  LibpqSession(asio::any_io_executor executor, asio::thread_pool& pool, ConnectionSpec connection,
               SessionOptions options);
  ~LibpqSession() override;

  Task<Result<void>> connect();

  Task<Result<Rows>> query(std::string sql, std::vector<Value> parameters, std::optional<Seconds> limit) override;
  Task<Result<std::vector<Rows>>> script(std::string sql, std::optional<Seconds> limit) override;
  Task<Result<void>> copy_out(std::string sql, CopySink sink, std::optional<Seconds> silence) override;

  Task<Result<void>> copy_out_pieces(std::string sql, CopyTaker taker, std::optional<Seconds> silence) override;
  Task<Result<std::int64_t>> copy_in(std::string sql, CopyGiver giver, std::optional<Seconds> silence) override;

  std::string quote_identifier(const std::string& name) const override { return pgconvoy::quote_identifier(name); }
  std::string quote_literal(const std::string& value) const override { return pgconvoy::quote_literal(value); }
  Result<Secret> encrypt_password(const Secret& clear, const std::string& role) const override;

  int server_version() const override { return server_version_; }
  int backend_pid() const override { return backend_pid_; }
  bool usable() const override;
  const std::string& server() const override { return spec_.server; }
  void close() override;

 private:
  using Keywords = std::vector<std::pair<std::string, std::string>>;
  struct Statement;  // what is being executed; see session_execute.cpp
  class InUse;

  Task<Result<Keywords>> resolved_keywords(bool with_settings);
  Task<Result<void>> open_socket(bool with_settings);
  Task<Result<void>> poll_until_open(SteadyTime deadline);
  Task<Result<void>> set_by_script();
  Task<void> look_whether_we_are_there();

  Result<void> ready_for(const Statement& statement) const;
  Task<Result<void>> execute(Statement& statement);
  Task<Result<void>> execute_raw(Statement& statement);
  Task<Result<void>> exchange(Statement& statement);
  Task<Result<void>> flush(Statement& statement);
  Task<Result<void>> read_results(Statement& statement);
  Task<Result<void>> more_input(Statement& statement);
  Task<Result<void>> read_copy(Statement& statement);
  Task<Result<void>> hand_over(Statement& statement, std::string piece);
  Task<Result<void>> send_copy(Statement& statement);
  void wait_for_server(const Statement& statement);  // its deadline begins now
  void accept(Statement& statement, PGresult* result);

  Task<Result<void>> limit_server(std::optional<Seconds> limit, Statement& statement);
  Task<bool> cancel_and_drain(Statement& statement);
  void cancel_unattended();  // for a session that is given up: its statement need not go on
  Error interrupted(const Statement& statement, SocketWatch::Outcome outcome) const;

  asio::thread_pool& pool_;
  ConnectionSpec spec_;
  SessionOptions options_;
  SocketWatch watch_;
  PGconn* connection_ = nullptr;
  bool busy_ = false;
  int server_version_ = 0;
  int backend_pid_ = 0;
  std::int64_t session_timeout_ = 0;           // statement_timeout in ms, as set outside of a transaction
  std::optional<std::int64_t> local_timeout_;  // as set inside the present one
};

struct PGresultClear {
  void operator()(PGresult* result) const { PQclear(result); }
};
using ResultPtr = std::unique_ptr<PGresult, PGresultClear>;

struct LibpqSession::Statement {
  enum class Form { extended, simple, copy, copy_in };
  Form form = Form::extended;
  std::string sql;
  std::vector<Value> parameters;
  std::optional<Seconds> limit;  // of the whole, or of silence in copy
  CopySink sink;
  CopyTaker taker;
  CopyGiver giver;

  bool copies_rows() const { return form == Form::copy || form == Form::copy_in; }
  SteadyTime started{};
  bool sent = false;      // the server may have received it
  bool draining = false;  // cancelled: results are thrown away
  std::size_t copies = 0;
  std::optional<SocketWatch::Outcome> interruption;
  std::vector<Rows> results;
  std::optional<Error> failure;
  std::optional<Error> theirs;  // of whoever takes or gives rows: it ended the statement
};

// Marks the session as executing; when a coroutine is abandoned or a sink throws in the middle, the
// connection can't be used any more and is closed.
class LibpqSession::InUse {
 public:
  explicit InUse(LibpqSession& session) : session_(session) { session_.busy_ = true; }
  ~InUse() {
    session_.watch_.clear_deadline();
    session_.busy_ = false;
    if (!finished_) session_.close();
  }
  void finish() { finished_ = true; }

 private:
  LibpqSession& session_;
  bool finished_ = false;
};

}  // namespace pgconvoy
