// Which way to log in a server asks of a role: the beginning of a login, up to the server's question, and no answer to it.
#pragma once

#include <string>
#include <vector>

#include "engine/core/json.hpp"
#include "engine/core/task.hpp"
#include "engine/postgres/connection.hpp"

namespace pgconvoy {

struct AuthQuestion {
  ConnectionSpec place;        // host, hostaddr, port, sslmode, sslcert and sslkey are taken; no password is sent
  std::string role, database;  // neither needs to exist
  Seconds limit{5};            // for all of it
};

struct AuthAnswer {
  // nothing (trust, a certificate or who one is was enough) | password (in clear: pg_hba.conf says password, ldap, pam,
  // radius) | md5 | scram-sha-256 | gss | sspi | other | refused
  std::string asks;
  std::vector<std::string> mechanisms;    // of SASL
  bool tls = false;
  std::string refused_because, sqlstate;  // what the server said instead: 28000 is pg_hba.conf's no
};
PGCONVOY_JSON(AuthAnswer);

// Frontend/backend protocol 3.0 (manual: "Message Flow", "SSL Session Encryption"). A role that doesn't exist is asked as
// if it had a password of the kind that password_encryption makes, so that nobody learns who exists; one with an md5
// verifier is asked for md5 where pg_hba.conf says md5, for scram-sha-256 where it says that. `prefer` and `allow` try
// both ways, as libpq does. The server's certificate is not looked at: nothing secret is said. A server that asks for
// nothing begins a session, which is ended at once. Errors: unreachable, timeout. May be repeated; loop's thread.
Task<Result<AuthAnswer>> ask_for_authentication(AuthQuestion question);

}  // namespace pgconvoy
