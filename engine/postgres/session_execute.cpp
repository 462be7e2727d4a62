#include <fmt/format.h>

#include <charconv>

#include "engine/postgres/libpq_session.hpp"
#include "engine/postgres/sql_error.hpp"

namespace pgconvoy {
namespace {

Rows rows_of(const PGresult* result) {
  Rows rows;
  const int columns = PQnfields(result), count = PQntuples(result);
  for (int column = 0; column < columns; ++column) rows.columns.emplace_back(PQfname(result, column));
  rows.rows.reserve(static_cast<std::size_t>(count));
  for (int number = 0; number < count; ++number) {
    Row& row = rows.rows.emplace_back();
    row.reserve(static_cast<std::size_t>(columns));
    for (int column = 0; column < columns; ++column) {
      if (PQgetisnull(result, number, column))
        row.emplace_back();
      else
        row.emplace_back(std::in_place, PQgetvalue(result, number, column),
                         static_cast<std::size_t>(PQgetlength(result, number, column)));
    }
  }
  const std::string_view affected = PQcmdTuples(const_cast<PGresult*>(result));
  std::from_chars(affected.data(), affected.data() + affected.size(), rows.affected);
  return rows;
}

}  // namespace

std::int64_t Rows::number(std::size_t row, std::size_t column) const {
  const auto value = text(row, column);
  std::int64_t number = 0;
  std::from_chars(value.data(), value.data() + value.size(), number);
  return number;
}

Task<Result<Rows>> LibpqSession::query(std::string sql, std::vector<Value> parameters, std::optional<Seconds> limit) {
  Statement statement;
  statement.sql = std::move(sql);
  statement.parameters = std::move(parameters);
  statement.limit = limit.value_or(options_.statement_limit);
  CO_TRY_VOID(co_await execute(statement));
  if (statement.results.empty()) co_return Rows();
  co_return std::move(statement.results.back());
}

Task<Result<std::vector<Rows>>> LibpqSession::script(std::string sql, std::optional<Seconds> limit) {
  Statement statement;
  statement.form = Statement::Form::simple;
  statement.sql = std::move(sql);
  statement.limit = limit.value_or(options_.statement_limit);
  CO_TRY_VOID(co_await execute(statement));
  std::erase_if(statement.results, [](const Rows& rows) { return rows.columns.empty(); });
  co_return std::move(statement.results);
}

Task<Result<void>> LibpqSession::copy_out(std::string sql, CopySink sink, std::optional<Seconds> silence) {
  Statement statement;
  statement.form = Statement::Form::copy;
  statement.sql = std::move(sql);
  statement.sink = std::move(sink);
  statement.limit = silence.value_or(options_.statement_limit);
  co_return co_await execute(statement);
}

Task<Result<void>> LibpqSession::copy_out_pieces(std::string sql, CopyTaker taker, std::optional<Seconds> silence) {
  Statement statement;
  statement.form = Statement::Form::copy;
  statement.sql = std::move(sql);
  statement.taker = std::move(taker);
  statement.limit = silence.value_or(options_.statement_limit);
  co_return co_await execute(statement);
}

Task<Result<std::int64_t>> LibpqSession::copy_in(std::string sql, CopyGiver giver, std::optional<Seconds> silence) {
  Statement statement;
  statement.form = Statement::Form::copy_in;
  statement.sql = std::move(sql);
  statement.giver = std::move(giver);
  statement.limit = silence.value_or(options_.statement_limit);
  CO_TRY_VOID(co_await execute(statement));
  if (statement.results.empty()) co_return Error(ErrorKind::usage, "copy_in needs COPY FROM STDIN").on(spec_.server);
  std::int64_t stored = 0;  // of several in one message: of all
  for (const Rows& rows : statement.results) stored += rows.affected;
  co_return stored;
}

Result<void> LibpqSession::ready_for(const Statement& statement) const {
  if (busy_) return Error(ErrorKind::internal, "the session is executing another statement").on(spec_.server);
  if (!usable()) return connection_lost(connection_, statement.sql, false).on(spec_.server);
  bool zero = statement.sql.find('\0') != std::string::npos;
  for (const auto& parameter : statement.parameters)
    zero = zero || (parameter && parameter->find('\0') != std::string::npos);
  if (zero) return Error(ErrorKind::usage, "a zero byte can't stand in a statement or a parameter").on(spec_.server);
  return {};
}

Task<Result<void>> LibpqSession::execute(Statement& statement) {
  CO_TRY_VOID(ready_for(statement));
  // Copying may take hours: there only silence is limited, and that the server can't do.
  const auto server_limit = statement.copies_rows() ? std::nullopt : statement.limit;
  CO_TRY_VOID(co_await limit_server(server_limit, statement));
  co_return co_await execute_raw(statement);
}

Task<Result<void>> LibpqSession::execute_raw(Statement& statement) {
  CO_TRY_VOID(ready_for(statement));
  InUse in_use(*this);
  auto done = co_await exchange(statement);
  if (statement.interruption) {
    const auto outcome = *statement.interruption;
    if (outcome == SocketWatch::Outcome::aborted) cancel_unattended();
    const bool drained = outcome == SocketWatch::Outcome::late && co_await cancel_and_drain(statement);
    if (drained) in_use.finish();
    const bool cancelled = statement.failure && statement.failure->sqlstate == "57014";
    if (drained && statement.failure && !cancelled && !statement.theirs) co_return std::move(*statement.failure).on(spec_.server);
    // It had ended before the cancel reached it; of a copy, lines were thrown away all the same.
    if (drained && !cancelled && !statement.copies_rows()) co_return Result<void>();
    Error error = statement.theirs ? std::move(*statement.theirs) : interrupted(statement, outcome);
    error.poisons_session = error.outcome_unknown = !drained;
    co_return std::move(error).on(spec_.server);
  }
  if (!done) co_return std::move(done).error().on(spec_.server);
  if (statement.failure && statement.failure->poisons_session) co_return std::move(*statement.failure).on(spec_.server);
  in_use.finish();
  if (statement.theirs) co_return std::move(*statement.theirs);
  if (!statement.failure) co_return Result<void>();
  // query_canceled: by statement_timeout when the limit has passed, by somebody else when it has not.
  auto& failure = *statement.failure;
  const Seconds elapsed = std::chrono::steady_clock::now() - statement.started;
  if (failure.sqlstate == "57014" && statement.limit && elapsed >= *statement.limit - Seconds(0.05))
    failure.kind = ErrorKind::timeout;
  co_return std::move(failure).on(spec_.server);
}

namespace {

// Before 12 there is no word for what a WITH does by itself there.
std::string without_materialized(std::string sql) {
  constexpr std::string_view word = " as materialized (";
  for (auto at = sql.find(word); at != std::string::npos; at = sql.find(word, at)) sql.replace(at, word.size(), " as (");
  return sql;
}

}  // namespace

Task<Result<void>> LibpqSession::exchange(Statement& statement) {
  using Form = Statement::Form;
  if (server_version() < 120000) statement.sql = without_materialized(std::move(statement.sql));
  statement.started = std::chrono::steady_clock::now();
  // The server's statement_timeout comes first; our deadline is for a server that doesn't answer.
  const Seconds grace(statement.copies_rows() ? 0 : 1);
  const Seconds longest = std::chrono::hours(24 * 365);
  const auto limit = std::min(statement.limit.value_or(longest) + grace, longest);
  watch_.set_deadline(statement.started + std::chrono::duration_cast<SteadyTime::duration>(limit));

  int sent = 0;
  if (statement.form == Form::extended) {
    std::vector<const char*> values;
    for (const auto& parameter : statement.parameters) values.push_back(parameter ? parameter->c_str() : nullptr);
    sent = PQsendQueryParams(connection_, statement.sql.c_str(), static_cast<int>(values.size()), nullptr,
                             values.data(), nullptr, nullptr, 0);
  } else {
    sent = PQsendQuery(connection_, statement.sql.c_str());
  }
  if (sent != 1) co_return connection_lost(connection_, statement.sql, true);
  statement.sent = true;
  CO_TRY_VOID(co_await flush(statement));
  co_return co_await read_results(statement);
}

Task<Result<void>> LibpqSession::flush(Statement& statement) {
  while (true) {
    const int left = PQflush(connection_);
    if (left == 0) co_return Result<void>();
    if (left < 0) co_return connection_lost(connection_, statement.sql, true);
    // The server may have to get rid of answers before it reads on, so both directions are served.
    const auto outcome = co_await watch_.wait(true, true);
    if (outcome != SocketWatch::Outcome::ready) {
      statement.interruption = outcome;
      co_return interrupted(statement, outcome);
    }
    if (PQconsumeInput(connection_) != 1) co_return connection_lost(connection_, statement.sql, true);
  }
}

Task<Result<void>> LibpqSession::more_input(Statement& statement) {
  const auto outcome = co_await watch_.wait(true, false);
  if (outcome != SocketWatch::Outcome::ready) {
    statement.interruption = outcome;
    co_return interrupted(statement, outcome);
  }
  // When the server ended the session with a message, the message is in the input, and is the better error.
  if (PQconsumeInput(connection_) != 1 && PQisBusy(connection_))
    co_return connection_lost(connection_, statement.sql, true);
  if (statement.copies_rows() && !statement.draining) wait_for_server(statement);
  co_return Result<void>();
}

void LibpqSession::wait_for_server(const Statement& statement) {
  if (!statement.limit) return;
  watch_.set_deadline(std::chrono::steady_clock::now() + std::chrono::duration_cast<SteadyTime::duration>(*statement.limit));
}

Task<Result<void>> LibpqSession::read_results(Statement& statement) {
  while (true) {
    while (PQisBusy(connection_)) CO_TRY_VOID(co_await more_input(statement));
    ResultPtr result(PQgetResult(connection_));
    while (PGnotify* unwanted = PQnotifies(connection_)) PQfreemem(unwanted);
    if (!result) break;
    if (PQresultStatus(result.get()) == PGRES_COPY_OUT) {
      CO_TRY_VOID(co_await read_copy(statement));
      continue;
    }
    if (PQresultStatus(result.get()) == PGRES_COPY_IN && statement.giver && !statement.draining) {
      CO_TRY_VOID(co_await send_copy(statement));
      continue;
    }
    accept(statement, result.get());
  }
  if (PQstatus(connection_) != CONNECTION_OK) {
    if (statement.failure && statement.failure->poisons_session) co_return Result<void>();
    co_return connection_lost(connection_, statement.sql, true);
  }
  co_return Result<void>();
}

void LibpqSession::accept(Statement& statement, PGresult* result) {
  switch (PQresultStatus(result)) {
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
      if (statement.form != Statement::Form::copy) statement.results.push_back(rows_of(result));
      return;
    case PGRES_EMPTY_QUERY:
      return;
    case PGRES_COPY_IN:
      PQputCopyEnd(connection_, "pgconvoy sends no data");
      return;
    default:
      // The first error is the cause; a lost connection that follows it says more about the session.
      if (Error error = PQresultErrorField(result, PG_DIAG_SQLSTATE)
                            ? error_of_result(result, statement.sql)
                            : connection_lost(connection_, statement.sql, true);
          !statement.failure || error.poisons_session)
        if (!statement.failure || !statement.failure->poisons_session) statement.failure = std::move(error);
  }
}

}  // namespace pgconvoy
