#include "engine/postgres/sql_error.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <regex>
#include <set>

#include "engine/core/printable.hpp"
#include "engine/postgres/statement_mask.hpp"

namespace pgconvoy {
namespace {

constexpr std::size_t kStatementBytes = 300;
constexpr std::size_t kMessageBytes = 1000;

// "nothing was changed, the same may succeed later"; https://www.postgresql.org/docs/current/errcodes-appendix.html
bool retryable(const std::string& code, const std::string& message) {
  static const std::set<std::string> codes{"40001",  // serialization_failure
                                           "40P01",  // deadlock_detected
                                           "55P03",  // lock_not_available, lock_timeout included
                                           "55006",  // object_in_use: "database is being accessed by other users"
                                           "53300", "57P03",   // too_many_connections, cannot_connect_now
                                           "57P01", "57P02"};  // admin_shutdown, crash_shutdown
  if (codes.contains(code)) return true;
  // Two sessions changed the same catalogue row; PostgreSQL has no code of its own for that.
  return code == "XX000" && message.find("tuple concurrently ") != std::string::npos;
}

// What libpq and the server say about TLS is short; trying again doesn't help.
void explain_security(Error& error) {
  const auto says = [&error](const char* text) { return error.message.find(text) != std::string::npos; };
  const char* meaning = nullptr;
  if (says("certificate verify failed"))
    meaning = "the server's certificate is not signed by the authority that sslrootcert names; give that authority's certificate";
  else if (says("does not match host name"))
    meaning = "sslmode=verify-full: connect under a name that stands in the server's certificate, or have one made for this name";
  else if (says("no encryption") || says("SSL off"))
    meaning = "the server may ask for TLS: sslmode=require, or verify-full with sslrootcert, in the url";
  else if (says("root certificate file"))
    meaning = "sslrootcert in the url must name a file with the authority's certificate";
  if (!meaning) return;
  error.remedy = meaning;
  error.retryable = false;
}

std::string field(const pg_result* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text ? printable(text) : "";
}

}  // namespace

std::string statement_for_messages(const std::string& sql) {
  return shortened(printable(masked_statement(sql).text), kStatementBytes);
}

Error error_of_result(const pg_result* result, const std::string& sql) {
  Error error;
  error.kind = ErrorKind::sql;
  error.sqlstate = field(result, PG_DIAG_SQLSTATE);
  std::string message = field(result, PG_DIAG_MESSAGE_PRIMARY);
  if (message.empty()) message = printable(PQresultErrorMessage(result));
  error.retryable = retryable(error.sqlstate, message);
  // Details of data errors (classes 22 and 23) quote a tenant's rows.
  const auto detail = field(result, PG_DIAG_MESSAGE_DETAIL);
  if (!detail.empty() && !error.sqlstate.starts_with("22") && !error.sqlstate.starts_with("23"))
    message += fmt::format(" ({})", detail);
  const auto mask = masked_statement(sql);
  error.message = shortened(mask.without_secrets(message), kMessageBytes);
  error.statement = shortened(printable(mask.text), kStatementBytes);
  const auto severity = field(result, PG_DIAG_SEVERITY_NONLOCALIZED);
  if (severity == "FATAL" || severity == "PANIC") {
    error.kind = ErrorKind::unreachable;
    error.poisons_session = true;
    error.outcome_unknown = true;
    error.retryable = false;
  }
  return error;
}

Error connection_lost(const pg_conn* connection, const std::string& sql, bool sent) {
  std::string reason = connection ? printable(PQerrorMessage(connection)) : "";
  if (auto end = reason.find(" This probably means"); end != std::string::npos) reason.resize(end);
  if (reason.empty()) reason = "the connection is closed";
  const auto mask = masked_statement(sql);
  Error error(ErrorKind::unreachable, shortened(mask.without_secrets(reason), kMessageBytes));
  error.statement = shortened(printable(mask.text), kStatementBytes);
  error.poisons_session = true;
  error.outcome_unknown = sent;
  error.retryable = !sent;
  return error;
}

Error connect_error(const pg_conn* connection, const std::string& address) {
  std::string text = connection ? PQerrorMessage(connection) : "out of memory";
  static const std::regex location(R"(\nLOCATION:[^\n]*)");
  text = std::regex_replace(text, location, "");
  // Without SQLSTATE, the answer is libpq's own: refused, unreachable, no such host.
  static const std::regex code(R"((FATAL|PANIC|ERROR|[^\s:]+): +((?=[A-Z]*[0-9])[0-9A-Z]{5}): )");
  std::smatch match;
  std::string sqlstate;
  if (std::regex_search(text, match, code)) {
    sqlstate = match[2];
    text = std::regex_replace(text, code, "$1: ");
  }
  text = printable(text);
  if (text.empty()) text = fmt::format("connection to {} failed", address);
  Error error(sqlstate.empty() ? ErrorKind::unreachable : ErrorKind::sql, shortened(std::move(text), kMessageBytes));
  error.retryable = sqlstate.empty() || retryable(sqlstate, "") || sqlstate.starts_with("08");
  error.sqlstate = sqlstate;
  error.poisons_session = true;
  explain_security(error);
  return error;
}

}  // namespace pgconvoy
