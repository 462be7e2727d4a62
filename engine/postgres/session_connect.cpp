#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "engine/core/printable.hpp"
#include "engine/postgres/bounded.hpp"
#include "engine/postgres/libpq_session.hpp"
#include "engine/postgres/sql_error.hpp"

namespace pgconvoy {
namespace {

std::string milliseconds(Seconds limit) {
  return std::to_string(std::max<std::int64_t>(0, static_cast<std::int64_t>(limit.count() * 1000)));
}

// Options of the startup packet are split at spaces by the server; a backslash keeps a character
// (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-OPTIONS).
std::string escaped_option(const std::string& text) {
  std::string result;
  for (char character : text) {
    if (character == '\\' || std::isspace(static_cast<unsigned char>(character))) result += '\\';
    result += character;
  }
  return result;
}

std::vector<std::string> parts_of(const std::string& list) {
  std::vector<std::string> parts;
  for (std::size_t from = 0; from <= list.size();) {
    const auto to = std::min(list.find(',', from), list.size());
    parts.push_back(list.substr(from, to - from));
    from = to + 1;
  }
  return parts;
}

bool is_name(const std::string& host) {
  unsigned char address[sizeof(in6_addr)];
  return !host.empty() && host[0] != '/' && host[0] != '@' && ::inet_pton(AF_INET, host.c_str(), address) != 1 &&
         ::inet_pton(AF_INET6, host.c_str(), address) != 1;
}

std::vector<std::string> addresses_of(const std::string& host) {
  addrinfo hints{}, *list = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  std::vector<std::string> addresses;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &list) != 0) return addresses;
  for (const auto* entry = list; entry; entry = entry->ai_next) {
    char text[NI_MAXHOST];
    if (::getnameinfo(entry->ai_addr, entry->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) == 0)
      addresses.emplace_back(text);
  }
  ::freeaddrinfo(list);
  return addresses;
}

}  // namespace

LibpqSession::LibpqSession(asio::any_io_executor executor, asio::thread_pool& pool, ConnectionSpec connection,
                           SessionOptions options)
    : pool_(pool), spec_(std::move(connection)), options_(std::move(options)), watch_(std::move(executor)) {}

LibpqSession::~LibpqSession() { close(); }

void LibpqSession::close() {
  watch_.clear_deadline();
  watch_.detach();
  if (connection_) PQfinish(connection_);
  connection_ = nullptr;
}

bool LibpqSession::usable() const { return connection_ && !busy_ && PQstatus(connection_) == CONNECTION_OK; }

std::vector<std::pair<std::string, std::string>> settings_of(const SessionOptions& options) {
  std::vector<std::pair<std::string, std::string>> all{{"standard_conforming_strings", "on"},
                                                       {"DateStyle", "ISO"},
                                                       {"IntervalStyle", "postgres"},
                                                       {"extra_float_digits", "1"},
                                                       {"bytea_output", "hex"},
                                                       {"TimeZone", "UTC"},
                                                       {"search_path", ""},
                                                       {"quote_all_identifiers", "off"},
                                                       {"array_nulls", "on"},
                                                       {"transform_null_equals", "off"},
                                                       {"lock_timeout", milliseconds(options.lock_limit)},
                                                       {"statement_timeout", milliseconds(options.statement_limit)}};
  all.insert(all.end(), server_keepalives().begin(), server_keepalives().end());
  all.insert(all.end(), options.settings.begin(), options.settings.end());
  return all;
}

std::string setting_script(const SessionOptions& options) {
  std::string sql = "SELECT ";
  for (const auto& [name, value] : settings_of(options))
    sql += fmt::format("{}pg_catalog.set_config({}, {}, false)", sql.size() > 7 ? ", " : "", quote_literal(name), quote_literal(value));
  return sql;
}

Task<Result<LibpqSession::Keywords>> LibpqSession::resolved_keywords(bool with_settings) {
  auto keywords = with_keepalives(spec_).keywords;
  keywords.erase("password");
  keywords.erase("replication");
  keywords["application_name"] = options_.application_name;
  keywords["client_encoding"] = "UTF8";
  if (with_settings) {
    const char* inherited = std::getenv("PGOPTIONS");
    std::string options = keywords.contains("options") ? keywords["options"] : inherited ? inherited : "";
    for (const auto& [name, value] : settings_of(options_))
      options += (options.empty() ? "-c " : " -c ") + escaped_option(name + "=" + value);
    keywords["options"] = std::move(options);
  }
  if (!keywords.contains("host") && !keywords.contains("hostaddr") && !keywords.contains("service"))
    if (const char* host = std::getenv("PGHOST"); host && *host) keywords["host"] = host;

  if (!keywords.contains("host") || keywords["host"].empty() || keywords.contains("hostaddr"))
    co_return Keywords(keywords.begin(), keywords.end());
  // libpq would look a host name up itself, and block the loop while it does. Each address of a name becomes an
  // entry of its own in the lists that libpq tries in turn.
  const auto hosts = parts_of(keywords["host"]);
  const auto ports = parts_of(keywords.contains("port") ? keywords["port"] : "");
  std::vector<std::string> names, numbers, list;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    const bool socket = hosts[i].starts_with('/') || hosts[i].starts_with('@');
    std::vector<std::string> addresses{socket ? "" : hosts[i]};
    if (is_name(hosts[i])) {
      auto lookup = [host = hosts[i]] { return addresses_of(host); };
      auto found = co_await run_bounded(pool_, options_.connect_limit, std::move(lookup));
      if (!found || found->empty()) {
        Error error(ErrorKind::unreachable, fmt::format("cannot resolve the host name \"{}\"", printable(hosts[i])));
        error.retryable = true;
        co_return error;
      }
      addresses = std::move(*found);
    }
    for (auto& address : addresses) {
      names.push_back(hosts[i]);
      numbers.push_back(std::move(address));
      list.push_back(ports.size() == hosts.size() ? ports[i] : ports[0]);
    }
  }
  keywords["host"] = fmt::format("{}", fmt::join(names, ","));
  keywords["hostaddr"] = fmt::format("{}", fmt::join(numbers, ","));
  keywords["port"] = fmt::format("{}", fmt::join(list, ","));
  co_return Keywords(keywords.begin(), keywords.end());
}

Task<Result<void>> LibpqSession::connect() {
  auto opened = co_await open_socket(!options_.console);
  if (!opened && !options_.console) {
    // A pooler in between knows no startup options; then they are set by a script, which costs a round trip.
    if (opened.error().message.find("unsupported startup parameter") == std::string::npos) co_return opened;
    close();
    CO_TRY_VOID(co_await open_socket(false));
    auto set = co_await set_by_script();
    if (!set) co_return set;
  }
  server_version_ = PQserverVersion(connection_);
  backend_pid_ = PQbackendPID(connection_);
  session_timeout_ = std::stoll(milliseconds(options_.statement_limit));
  co_await look_whether_we_are_there();
  co_return Result<void>();
}

// A backend that waits for a lock or computes doesn't notice that its client was killed, and goes on. From 14 on it can
// look now and then, where its operating system lets it: a server that refuses has said no more than that.
// https://www.postgresql.org/docs/14/runtime-config-connection.html#GUC-CLIENT-CONNECTION-CHECK-INTERVAL
Task<void> LibpqSession::look_whether_we_are_there() {
  if (options_.console || server_version_ < 140000) co_return;
  Statement statement;
  statement.form = Statement::Form::simple;
  statement.sql = "SET client_connection_check_interval = '1s'";
  statement.limit = options_.connect_limit;
  (void)co_await execute_raw(statement);
}

Task<Result<void>> LibpqSession::open_socket(bool with_settings) {
  const auto limit = std::chrono::duration_cast<std::chrono::steady_clock::duration>(options_.connect_limit);
  const auto deadline = std::chrono::steady_clock::now() + limit;
  auto keywords = co_await resolved_keywords(with_settings);
  if (!keywords) co_return std::move(keywords).error().on(spec_.server);
  std::vector<const char*> names, values;
  for (const auto& [name, value] : *keywords) {
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  if (!spec_.password.empty()) {
    names.push_back("password");
    values.push_back(spec_.password.reveal().c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  connection_ = PQconnectStartParams(names.data(), values.data(), 0);
  auto opened = co_await poll_until_open(deadline);
  if (!opened) close();
  co_return opened;
}

Task<Result<void>> LibpqSession::poll_until_open(SteadyTime deadline) {
  if (!connection_ || PQstatus(connection_) == CONNECTION_BAD)
    co_return connect_error(connection_, spec_.address()).on(spec_.server);
  PQsetErrorVerbosity(connection_, PQERRORS_VERBOSE);  // the only way to the SQLSTATE of a refused login
  PQsetNoticeReceiver(
      connection_, [](void*, const PGresult*) {}, nullptr);
  watch_.set_deadline(deadline);
  auto state = PGRES_POLLING_WRITING;
  while (state == PGRES_POLLING_READING || state == PGRES_POLLING_WRITING) {
    watch_.attach(PQsocket(connection_));
    const auto outcome = co_await watch_.wait(state == PGRES_POLLING_READING, state == PGRES_POLLING_WRITING);
    watch_.detach();  // the next call may close the socket and open another one under the same number
    if (outcome != SocketWatch::Outcome::ready) {
      const bool late = outcome == SocketWatch::Outcome::late;
      Error error(
          late ? ErrorKind::unreachable : ErrorKind::cancelled,
          late ? fmt::format("no session with {} within {}", spec_.address(), format_duration(options_.connect_limit))
               : "connecting was cancelled");
      error.retryable = true;
      error.poisons_session = true;
      co_return std::move(error).on(spec_.server);
    }
    state = PQconnectPoll(connection_);
  }
  watch_.clear_deadline();
  if (state != PGRES_POLLING_OK) co_return connect_error(connection_, spec_.address()).on(spec_.server);
  PQsetErrorVerbosity(connection_, PQERRORS_DEFAULT);
  PQsetnonblocking(connection_, 1);
  watch_.attach(PQsocket(connection_));
  co_return Result<void>();
}

Task<Result<void>> LibpqSession::set_by_script() {
  Statement statement;
  statement.form = Statement::Form::simple;
  statement.sql = setting_script(options_);
  statement.limit = options_.connect_limit;
  auto done = co_await execute_raw(statement);
  if (!done) close();
  co_return done;
}

namespace {

class LibpqSessionFactory final : public SessionFactory {
 public:
  explicit LibpqSessionFactory(asio::thread_pool& pool) : pool_(pool) {}

  Task<Result<SessionPtr>> open(ConnectionSpec connection, SessionOptions options) override {
    auto executor = co_await asio::this_coro::executor;
    auto session = std::make_unique<LibpqSession>(executor, pool_, std::move(connection), std::move(options));
    auto opened = co_await session->connect();
    if (!opened) co_return std::move(opened).error();
    co_return SessionPtr(std::move(session));
  }

 private:
  asio::thread_pool& pool_;
};

}  // namespace

std::unique_ptr<SessionFactory> make_session_factory(asio::thread_pool& pool) {
  return std::make_unique<LibpqSessionFactory>(pool);
}

}  // namespace pgconvoy
