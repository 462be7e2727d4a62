#include "engine/journal/postgres_database.hpp"

#include <fmt/format.h>

#include <pqxx/pqxx>

#include <sys/socket.h>

#include <cstdlib>
#include <unordered_map>

#include "engine/core/printable.hpp"
#include "engine/journal/postgres_address.hpp"

#if PQXX_VERSION_MAJOR < 7
#include <pqxx/prepared_statement>
#endif

#if defined(__SANITIZE_ADDRESS__)
// libpqxx 6.4 forgets the result of a statement that found its connection lost: 2 KiB for each loss.
extern "C" const char* __lsan_default_suppressions() { return "leak:libpqxx\n"; }
extern "C" const char* __lsan_default_options() { return "print_suppressions=0"; }
#endif

namespace pgconvoy {
namespace {

// Milliseconds: a lock that nobody gives back, a statement without end, and a transaction whose process stands still: it
// would keep everybody from the counters.
constexpr const char* kSession =
    "set search_path = pg_catalog; set lock_timeout = 30000; set statement_timeout = 120000; "
    "set idle_in_transaction_session_timeout = 5000; set default_transaction_isolation = 'read committed'; "
    "set client_min_messages = warning; set bytea_output = hex; set datestyle = iso; "
    "select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'";

// The server went away, is about to, or may not be written to any more: another connection may lead to one that may.
bool ends_the_connection(const std::string& sqlstate) {
  return sqlstate.starts_with("08") || sqlstate.starts_with("57P") || sqlstate == "25006";
}

Error lost(const std::string& address, const std::string& said) {
  Error error(ErrorKind::unreachable, fmt::format("the journal {}: {}", address, printable(said)),
              "check that the journal's server runs and can be reached");
  error.retryable = error.poisons_session = true;
  return error;
}

Error error_of_state(const std::string& address, const std::string& sqlstate, const std::string& said) {
  if (ends_the_connection(sqlstate)) return lost(address, said);
  Error error(ErrorKind::sql, fmt::format("the journal {}: {}", address, printable(said)));
  error.sqlstate = sqlstate;
  if (sqlstate.starts_with("53")) {
    error.kind = ErrorKind::io;
    error.remedy = "free space (or memory, or connections) on the journal's server, then pgconvoy resume";
  } else if (sqlstate == "42501") {
    error.kind = ErrorKind::refused;
    error.remedy = "the journal's role must own its schema pgconvoy, or be allowed to make it: GRANT CREATE ON DATABASE";
  } else if (sqlstate == "55P03" || sqlstate == "57014") {
    error.kind = ErrorKind::timeout;
    error.retryable = true;
    error.remedy = "somebody holds a lock on the journal for too long: look at pg_stat_activity on its server";
  } else if (sqlstate == "42P01" || sqlstate == "42703" || sqlstate == "22P02") {
    error.kind = ErrorKind::corrupt;
    error.remedy = "restore the schema pgconvoy from a backup: its tables are not those of a journal any more";
  }
  return error;
}

std::string without_newline(const char* text) {
  std::string line = text;
  while (!line.empty() && line.back() == '\n') line.pop_back();
  return line;
}

std::string conninfo_with_password(const ConnectionSpec& connection) {
  std::string text = connection.conninfo();
  if (connection.password.empty()) return text;
  text += " password='";
  for (const char character : connection.password.reveal()) {
    if (character == '\'' || character == '\\') text += '\\';
    text += character;
  }
  return text + "'";
}

std::vector<const char*> pointers(const std::vector<SqlParameter>& parameters) {
  std::vector<const char*> values;
  for (const SqlParameter& parameter : parameters) values.push_back(parameter ? parameter->c_str() : nullptr);
  return values;
}

}  // namespace

struct PostgresRows::Content {
  pqxx::result rows;
};

std::int64_t PostgresRows::Row::integer(int column) const {
  const auto field = content_.rows[row_][column];
  return field.is_null() ? 0 : std::strtoll(field.c_str(), nullptr, 10);
}
bool PostgresRows::Row::is_null(int column) const { return content_.rows[row_][column].is_null(); }
std::string PostgresRows::Row::text(int column) const {
  const auto field = content_.rows[row_][column];
  return field.is_null() ? std::string() : std::string(field.c_str(), field.size());
}
int PostgresRows::size() const { return static_cast<int>(content_->rows.size()); }

// Destroyed from the last to the first: nothing may outlive the connection.
struct PostgresDatabase::Impl {
  class Counter final : public pqxx::notification_receiver {
   public:
    Counter(pqxx::connection& connection, int& count) : notification_receiver(connection, "pgconvoy_journal"), count_(count) {}
    void operator()(const std::string&, int) override { ++count_; }

   private:
    int& count_;
  };

  explicit Impl(const std::string& conninfo) : connection(conninfo), silent(connection) {
#if PQXX_VERSION_MAJOR < 7
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    connection.inhibit_reactivation(true);
#pragma GCC diagnostic pop
#endif
    work = std::make_unique<pqxx::nontransaction>(connection);
  }

  const std::string& prepared(const std::string& sql) {
    auto& name = names[sql];
    if (name.empty()) {
      const std::string fresh = fmt::format("s{}", names.size());
      connection.prepare(fresh, sql);
      name = fresh;
    }
    return name;
  }

  pqxx::connection connection;
  pqxx::quiet_errorhandler silent;  // what the server remarks doesn't belong on our stderr
  std::unordered_map<std::string, std::string> names;
  int notified = 0;
  std::unique_ptr<Counter> counter;
  std::unique_ptr<pqxx::nontransaction> work;
};

PostgresDatabase::PostgresDatabase(ConnectionSpec connection) : connection_(std::move(connection)) {}
PostgresDatabase::~PostgresDatabase() = default;

bool PostgresDatabase::connected() const { return impl_ != nullptr; }
int PostgresDatabase::backend_pid() const { return impl_ ? impl_->connection.backendpid() : 0; }
int PostgresDatabase::socket() const { return impl_ ? impl_->connection.sock() : -1; }

void PostgresDatabase::drop() {
  {
    const std::scoped_lock lock(socket_mutex_);
    socket_ = -1;
  }
  impl_.reset();
}

void PostgresDatabase::cut() {
  const std::scoped_lock lock(socket_mutex_);
  if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
}

Result<void> PostgresDatabase::connect() {
  drop();
  const std::string address = journal_address(connection_);
  try {
    impl_ = std::make_unique<Impl>(conninfo_with_password(connection_));
    {
      const std::scoped_lock lock(socket_mutex_);
      socket_ = impl_->connection.sock();
    }
    impl_->work->exec(kSession);
    return {};
  } catch (const pqxx::sql_error& failure) {
    drop();
    return error_of_state(address, failure.sqlstate(), without_newline(failure.what()));
  } catch (const std::exception& failure) {
    drop();
    Error error = lost(address, without_newline(failure.what()));
    // Without a server's answer in numbers: these are the server's and libpq's own words.
    const std::string said = failure.what();
    if (said.find("no password supplied") != std::string::npos || said.find("password authentication failed") != std::string::npos)
      error.remedy = fmt::format("set {}, or use PGPASSWORD, a passfile (PGPASSFILE, ~/.pgpass with mode 0600) or a service file",
                                 kJournalPasswordVariable);
    else if (said.find("does not exist") != std::string::npos)
      error.remedy = "make the database first (createdb, in UTF8); pgconvoy makes its schema pgconvoy in it";
    return error;
  }
}

// A failure on a connection that is open no more is its loss, whatever libpqxx calls it.
template <class Function>
auto PostgresDatabase::guarded(const std::string& sql, Function function) -> Result<std::invoke_result_t<Function&>> {
  const std::string address = journal_address(connection_);
  if (!impl_) return lost(address, "not connected");
  Error error;
  try {
    return function();
  } catch (const pqxx::broken_connection& failure) {
    error = lost(address, without_newline(failure.what()));
  } catch (const pqxx::sql_error& failure) {
    // What has no state is libpq's own word and no server's: a request that couldn't be sent leaves the connection open for a moment.
    const bool answered = impl_->connection.is_open() && !failure.sqlstate().empty();
    error = answered ? error_of_state(address, failure.sqlstate(), without_newline(failure.what())) : lost(address, without_newline(failure.what()));
  } catch (const std::exception& failure) {
    error = impl_->connection.is_open() ? Error(ErrorKind::internal, fmt::format("the journal {}: {}", address, printable(failure.what())))
                                       : lost(address, without_newline(failure.what()));
  }
  error.statement = sql;
  if (error.kind == ErrorKind::unreachable) drop();
  return error;
}

Result<PostgresRows> PostgresDatabase::query(const std::string& sql, const std::vector<SqlParameter>& parameters) {
  return guarded(sql, [&] {
    const std::string& name = impl_->prepared(sql);
    auto content = std::make_shared<PostgresRows::Content>();
    const auto values = pointers(parameters);
#if PQXX_VERSION_MAJOR < 7
    content->rows = impl_->work->exec_prepared(name, pqxx::prepare::make_dynamic_params(values));
#else
    pqxx::params given;
    for (const char* value : values) {
      if (value == nullptr)
        given.append();
      else
        given.append(std::string(value));
    }
    content->rows = impl_->work->exec_prepared(name, given);
#endif
    return PostgresRows(std::move(content));
  });
}

Result<PostgresRows> PostgresDatabase::unprepared(const std::string& sql) {
  return guarded(sql, [&] {
    auto content = std::make_shared<PostgresRows::Content>();
    content->rows = impl_->work->exec(sql);
    return PostgresRows(std::move(content));
  });
}

Result<void> PostgresDatabase::execute(const std::string& sql) {
  TRY(const bool done, guarded(sql, [&] {
        impl_->work->exec(sql);
        return true;
      }));
  (void)done;
  return {};
}

Result<std::int64_t> PostgresDatabase::integer(const std::string& sql, const std::vector<SqlParameter>& parameters) {
  TRY(const PostgresRows rows, query(sql, parameters));
  return rows.empty() ? 0 : rows[0].integer(0);
}

Result<int> PostgresDatabase::notifications() {
  return guarded("listen", [&] {
    if (!impl_->counter) {
      // LISTEN must stand outside of any transaction object.
      impl_->work.reset();
      impl_->counter = std::make_unique<Impl::Counter>(impl_->connection, impl_->notified);
      impl_->work = std::make_unique<pqxx::nontransaction>(impl_->connection);
    }
    impl_->work.reset();
    impl_->connection.get_notifs();
    impl_->work = std::make_unique<pqxx::nontransaction>(impl_->connection);
    return std::exchange(impl_->notified, 0);
  });
}

Result<PostgresTransaction> PostgresTransaction::start(PostgresDatabase& database, const char* begin) {
  TRY_VOID(database.execute(begin));
  return PostgresTransaction(database);
}

PostgresTransaction::~PostgresTransaction() {
  if (database_ && database_->connected()) (void)database_->execute("rollback");
}

Result<void> PostgresTransaction::commit() {
  PostgresDatabase& database = *std::exchange(database_, nullptr);
  auto done = database.execute("commit");
  if (done) return {};
  Error error = std::move(done).error();
  error.outcome_unknown = !database.connected();
  if (database.connected()) (void)database.execute("rollback");
  return error;
}

ArrayText& ArrayText::add(const SqlParameter& value) {
  if (!text_.empty()) text_ += ',';
  if (!value) {
    text_ += "NULL";
    return *this;
  }
  text_ += '"';
  for (const char character : *value) {
    if (character == '"' || character == '\\') text_ += '\\';
    text_ += character;
  }
  text_ += '"';
  return *this;
}

ArrayText& ArrayText::add(std::int64_t value) {
  if (!text_.empty()) text_ += ',';
  text_ += std::to_string(value);
  return *this;
}

}  // namespace pgconvoy
