// From what libpq reports to an Error that says what can be done, without a secret in it.
#pragma once

#include <string>

#include "engine/core/error.hpp"

struct pg_conn;
struct pg_result;

namespace pgconvoy {

// A statement as an error message may quote it: one line, shortened, and literals that hold or may hold a secret
// replaced by ***. In a statement that speaks of a password every literal is masked, dollar quotes included; in others
// URLs with a password, conninfo passwords and password verifiers are.
std::string statement_for_messages(const std::string& sql);

// The error of a failed result; kind unreachable when the server ended the session with it. `sql` is needed to
// find out what must not be repeated from the server's message.
Error error_of_result(const pg_result* result, const std::string& sql);

// The connection is gone while or before a statement ran.
Error connection_lost(const pg_conn* connection, const std::string& sql, bool sent);

// Opening failed. Kind sql with the SQLSTATE when a server answered, else unreachable; expects that
// the connection was opened with verbose errors, because libpq gives the code nowhere else.
Error connect_error(const pg_conn* connection, const std::string& address);

}  // namespace pgconvoy
