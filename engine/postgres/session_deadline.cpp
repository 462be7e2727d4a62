#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cctype>

#include "engine/postgres/bounded.hpp"
#include "engine/postgres/libpq_session.hpp"
#include "engine/postgres/sql_error.hpp"

namespace pgconvoy {
namespace {

constexpr Seconds kCancelLimit{3};  // to deliver a cancel request, and then again for its effect

bool begins_with_rollback(const std::string& sql) {
  static constexpr std::string_view word = "ROLLBACK";
  const auto from = sql.find_first_not_of(" \t\r\n");
  if (from == std::string::npos || sql.size() - from < word.size()) return false;
  return std::equal(word.begin(), word.end(), sql.begin() + static_cast<std::ptrdiff_t>(from),
                    [](char a, unsigned char b) { return a == std::toupper(b); });
}

// PQcancel connects and blocks. At most this many threads of the pool may hang in it.
constexpr int kMostCancels = 4;
std::atomic<int> running_cancels = 0;

}  // namespace

Task<Result<void>> LibpqSession::limit_server(std::optional<Seconds> limit, Statement& statement) {
  if (options_.console) co_return Result<void>();  // it knows no settings; our own deadline holds
  const auto wanted =
      limit ? std::max<std::int64_t>(1, static_cast<std::int64_t>(std::min(limit->count(), 1e6) * 1000)) : 0;
  const auto transaction = PQtransactionStatus(connection_);
  if (transaction == PQTRANS_IDLE) local_timeout_.reset();
  const bool inside = transaction == PQTRANS_INTRANS;
  const auto present = local_timeout_.value_or(session_timeout_);
  const bool reverts = statement.form == Statement::Form::simple || begins_with_rollback(statement.sql);
  if (present != wanted && (inside || transaction == PQTRANS_IDLE)) {
    Statement set;
    set.form = Statement::Form::simple;
    set.sql = fmt::format("SET {}statement_timeout = {}", inside ? "LOCAL " : "", wanted);
    set.limit = options_.statement_limit;
    CO_TRY_VOID(co_await execute_raw(set));
    if (inside)
      local_timeout_ = wanted;
    else
      session_timeout_ = wanted;
  }
  // A SET LOCAL ends with its transaction or savepoint; after such statements it is set anew when needed.
  if (reverts) local_timeout_.reset();
  co_return Result<void>();
}

Error LibpqSession::interrupted(const Statement& statement, SocketWatch::Outcome outcome) const {
  const bool late = outcome == SocketWatch::Outcome::late;
  const auto limit = format_duration(statement.limit.value_or(Seconds(0)));
  Error error(late ? ErrorKind::timeout : ErrorKind::cancelled,
              !late                                     ? "the statement was cancelled by us"
              : statement.copies_rows() ? fmt::format("the server sent nothing for {}", limit)
                                                        : fmt::format("the server did not answer within {}", limit));
  error.statement = statement_for_messages(statement.sql);
  error.poisons_session = true;
  error.outcome_unknown = statement.sent;
  return error;
}

Task<bool> LibpqSession::cancel_and_drain(Statement& statement) {
  statement.draining = true;
  const auto give_up =
      std::chrono::steady_clock::now() + std::chrono::duration_cast<SteadyTime::duration>(kCancelLimit);
  while (running_cancels >= kMostCancels) {
    if (std::chrono::steady_clock::now() >= give_up) co_return false;
    co_await sleep_for(Seconds(0.05));
  }
  std::shared_ptr<PGcancel> handle(PQgetCancel(connection_), PQfreeCancel);
  if (!handle) co_return false;
  auto cancel = [handle, running = std::shared_ptr<void>(nullptr, [](void*) { --running_cancels; })] {
    char reason[256];
    return PQcancel(handle.get(), reason, sizeof reason) == 1;
  };
  ++running_cancels;
  auto delivered = co_await run_bounded(pool_, kCancelLimit, std::move(cancel));
  if (!delivered || !*delivered) co_return false;
  watch_.set_deadline(std::chrono::steady_clock::now() +
                      std::chrono::duration_cast<SteadyTime::duration>(kCancelLimit));
  auto flushed = co_await flush(statement);
  if (!flushed) co_return false;
  auto drained = co_await read_results(statement);
  co_return drained&& connection_&& PQstatus(connection_) == CONNECTION_OK;
}

void LibpqSession::cancel_unattended() {
  std::shared_ptr<PGcancel> handle(PQgetCancel(connection_), PQfreeCancel);
  if (!handle || running_cancels >= kMostCancels) return;
  ++running_cancels;
  asio::post(pool_, [handle, running = std::shared_ptr<void>(nullptr, [](void*) { --running_cancels; })] {
    char reason[256];
    PQcancel(handle.get(), reason, sizeof reason);
  });
}

Result<Secret> LibpqSession::encrypt_password(const Secret& clear, const std::string& role) const {
  if (!connection_) return Error(ErrorKind::unreachable, "the session is closed").on(spec_.server);
  std::unique_ptr<char, decltype(&PQfreemem)> verifier(
      PQencryptPasswordConn(connection_, clear.reveal().c_str(), role.c_str(), "scram-sha-256"), PQfreemem);
  if (!verifier) return Error(ErrorKind::internal, "libpq made no SCRAM verifier").on(spec_.server);
  return Secret(verifier.get());
}

}  // namespace pgconvoy
