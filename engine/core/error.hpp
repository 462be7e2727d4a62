// Expected outcomes as values: what failed, where, and what can be done about it.
//
// Every function that can fail in a way an operator may meet returns Result<T>. Exceptions are for bugs and
// for cancellation of a coroutine. No function puts a secret into an Error.
#pragma once

#include <boost/system/result.hpp>

#include <iosfwd>
#include <stdexcept>
#include <string>
#include <utility>

namespace pgconvoy {

enum class ErrorKind {
  usage,        // the caller's input is wrong; nothing was touched
  refused,      // a rule of ours says no (precondition, promise, conflict with another run)
  unreachable,  // no connection, or it was lost
  timeout,      // a limit ran out
  not_found,
  conflict,     // the world is not as the intent says (another owner, another epoch)
  corrupt,      // data that should be intact is not
  io,           // file system, disk full
  sql,          // the server answered with an error; sqlstate is set
  process,      // a child process failed
  cancelled,
  internal,
};

// Name of the kind as it stands in the journal and in JSON output.
const char* to_string(ErrorKind kind);
ErrorKind error_kind_from_string(const std::string& name);

struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string message;    // one sentence for people; no trailing full stop needed
  std::string server;     // id of the fleet's server, when one is concerned
  std::string sqlstate;   // five characters, only for ErrorKind::sql
  std::string statement;  // what was being executed, without parameters and without secrets
  std::string remedy;     // what to type or change next; may be empty
  bool retryable = false;         // the same call may succeed later, nothing was changed by this one
  bool poisons_session = false;   // the session must be closed
  bool outcome_unknown = false;   // it may or may not have taken effect: inspect, never blindly repeat

  Error() = default;
  Error(ErrorKind kind_, std::string message_, std::string remedy_ = {})
      : kind(kind_), message(std::move(message_)), remedy(std::move(remedy_)) {}

  // Puts what was attempted in front: "cannot fence database "shop": <message>".
  Error&& within(const std::string& attempt) && {
    message = attempt + ": " + message;
    return std::move(*this);
  }
  Error&& on(const std::string& server_id) && {
    server = server_id;
    return std::move(*this);
  }
};

// The message with server, SQLSTATE and remedy, on one or more lines, for people.
std::string describe(const Error& error);
std::ostream& operator<<(std::ostream& out, const Error& error);

// Only reached by a .value() without a check, which is a bug.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& location);

template <class T = void>
using Result = boost::system::result<T, Error>;

}  // namespace pgconvoy

#define PGCONVOY_JOIN_(a, b) a##b
#define PGCONVOY_JOIN(a, b) PGCONVOY_JOIN_(a, b)

// TRY(auto x, expression): leaves the function with the error, or declares x from the value.
#define TRY(declaration, ...)                                             \
  auto PGCONVOY_JOIN(result_, __LINE__) = (__VA_ARGS__);                   \
  if (!PGCONVOY_JOIN(result_, __LINE__))                                   \
    return std::move(PGCONVOY_JOIN(result_, __LINE__)).error();            \
  declaration = *std::move(PGCONVOY_JOIN(result_, __LINE__))

#define TRY_VOID(...)                                                     \
  if (auto PGCONVOY_JOIN(result_, __LINE__) = (__VA_ARGS__);               \
      !PGCONVOY_JOIN(result_, __LINE__))                                   \
  return std::move(PGCONVOY_JOIN(result_, __LINE__)).error()

// The same inside a coroutine.
#define CO_TRY(declaration, ...)                                          \
  auto PGCONVOY_JOIN(result_, __LINE__) = (__VA_ARGS__);                   \
  if (!PGCONVOY_JOIN(result_, __LINE__))                                   \
    co_return std::move(PGCONVOY_JOIN(result_, __LINE__)).error();         \
  declaration = *std::move(PGCONVOY_JOIN(result_, __LINE__))

#define CO_TRY_VOID(...)                                                  \
  if (auto PGCONVOY_JOIN(result_, __LINE__) = (__VA_ARGS__);               \
      !PGCONVOY_JOIN(result_, __LINE__))                                   \
  co_return std::move(PGCONVOY_JOIN(result_, __LINE__)).error()
