#include "engine/platform/pgbouncer_console.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>

namespace pgconvoy {
namespace {

constexpr Seconds kConsoleLimit{600};  // PAUSE answers when the last transaction has ended; who waits for it has a limit
constexpr Seconds kAnswerLimit{15};    // everything else is answered at once
constexpr std::size_t kLongestArgument = 63;

std::string console_argument(const std::string& alias) {
  const bool plain = std::all_of(alias.begin(), alias.end(), [](unsigned char c) { return std::isalnum(c) || c == '_'; });
  return plain ? alias : quote_identifier(alias);
}

std::optional<std::size_t> column_of(const Rows& rows, const char* name) {
  const auto found = std::find(rows.columns.begin(), rows.columns.end(), name);
  if (found == rows.columns.end()) return std::nullopt;
  return static_cast<std::size_t>(found - rows.columns.begin());
}

std::string cell(const Rows& rows, std::size_t row, const char* name) {
  const auto column = column_of(rows, name);
  return column ? rows.text(row, *column) : "";
}

}  // namespace

bool PgbouncerConsole::can_name(const std::string& alias) { return console_argument(alias).size() <= kLongestArgument; }

Task<Result<std::unique_ptr<PgbouncerConsole>>> PgbouncerConsole::open(SessionFactory& sessions, Credentials& credentials,
                                                                       Pooler pooler) {
  Server console;
  console.id = "pooler " + pooler.id;  // no server's id has a space
  console.url = pooler.url;
  console.password = pooler.password;
  const auto said = parse_connection(console.id, pooler.url);
  const bool names_database = said && (said->keywords.contains("dbname") || said->keywords.contains("service"));
  CO_TRY(ConnectionSpec connection, co_await credentials.administrator(std::move(console)));
  if (!names_database) connection = connection.with_database("pgbouncer");
  SessionOptions options;
  options.application_name = "pgconvoy";
  options.console = true;
  options.statement_limit = kConsoleLimit;
  CO_TRY(SessionPtr session, co_await sessions.open(std::move(connection), std::move(options)));
  co_return std::unique_ptr<PgbouncerConsole>(new PgbouncerConsole(std::move(session)));
}

Task<Result<Rows>> PgbouncerConsole::show(std::string what) {
  CO_TRY(auto answers, co_await session_->script("SHOW " + what, kAnswerLimit));
  if (answers.empty()) co_return Error(ErrorKind::corrupt, fmt::format("SHOW {} gave no rows", what)).on(session_->server());
  co_return std::move(answers.front());
}

Task<Result<PgbouncerAlias>> PgbouncerConsole::look(std::string alias) {
  CO_TRY(const Rows databases, co_await show("DATABASES"));
  if (!column_of(databases, "name") || !column_of(databases, "host") || !column_of(databases, "port") ||
      !column_of(databases, "database") || !column_of(databases, "paused"))
    co_return Error(ErrorKind::refused, "SHOW DATABASES has not the columns that pgbouncer's has", "give the url of an admin console")
        .on(session_->server());
  PgbouncerAlias found;
  for (std::size_t row = 0; row < databases.size(); ++row) {
    if (cell(databases, row, "name") != alias) continue;
    found.known = true;
    found.paused = cell(databases, row, "paused") == "1";
    found.place = {cell(databases, row, "host"), cell(databases, row, "port"), cell(databases, row, "database")};
    found.pool_mode = cell(databases, row, "pool_mode");
  }
  if (found.known && found.pool_mode.empty()) {
    CO_TRY(const Rows config, co_await show("CONFIG"));
    for (std::size_t row = 0; row < config.size(); ++row)
      if (cell(config, row, "key") == "pool_mode") found.pool_mode = cell(config, row, "value");
  }
  co_return found;
}

Task<Result<int>> PgbouncerConsole::in_use(std::string alias) {
  CO_TRY(const Rows pools, co_await show("POOLS"));
  int count = 0;
  for (std::size_t row = 0; row < pools.size(); ++row) {
    if (cell(pools, row, "database") != alias) continue;
    for (const char* state : {"sv_active", "sv_tested", "sv_login", "sv_idle", "sv_used", "sv_active_cancel", "sv_being_canceled"})
      if (const auto column = column_of(pools, state)) count += static_cast<int>(pools.number(row, *column));
  }
  co_return count;
}

Task<Result<void>> PgbouncerConsole::command(std::string word, std::string alias) {
  const Seconds limit = word == "PAUSE" ? kConsoleLimit : kAnswerLimit;
  auto done = co_await session_->script(fmt::format("{} {}", word, console_argument(alias)), limit);
  if (!done) co_return std::move(done).error();
  co_return Result<void>();
}

Task<Result<void>> PgbouncerConsole::reload() {
  auto done = co_await session_->script("RELOAD", kAnswerLimit);
  if (!done) co_return std::move(done).error();
  co_return Result<void>();
}

}  // namespace pgconvoy
