// Where and how to connect: libpq's own keywords, with the password apart from the rest.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/core/secret.hpp"

namespace pgconvoy {

struct ConnectionSpec {
  std::string server;                           // the fleet's id, for messages
  std::map<std::string, std::string> keywords;  // host, port, user, dbname, sslmode, service, passfile, ... (never password)
  Secret password;                              // empty: libpq looks into passfile and PGPASSWORD by itself

  ConnectionSpec with_database(const std::string& database) const;
  ConnectionSpec with_user(const std::string& user, Secret user_password) const;

  // keyword='value' pairs, quoted as libpq wants them, without the password: safe in argv and in messages.
  std::string conninfo() const;
  // "127.0.0.1:5433"
  std::string address() const;
};

// `connection` so that a way that swallows everything is noticed within a minute: a program that waits for an answer would
// wait for two hours, one that sends for a quarter of one. What the connection says of keepalives or tcp_user_timeout
// itself stays; one with service= stays as it is, since what is given here would go before what stands there. libpq below 12
// knows no tcp_user_timeout.
ConnectionSpec with_keepalives(ConnectionSpec connection, bool knows_user_timeout = true);

// The same from the server's side, as settings of a session (name, value): what we held is let go of when we are gone. No
// tcp_user_timeout: a client that reads slowly isn't one that is gone.
const std::vector<std::pair<std::string, std::string>>& server_keepalives();

// Parses a URL or keyword/value string with libpq's own parser (PQconninfoParse). A password inside is an
// error of kind usage that names the ways to give one; the text of the password is not repeated.
Result<ConnectionSpec> parse_connection(const std::string& server, const std::string& text);

// `spec` with what its service= stands for (pg_service.conf) written out, so that parts of it can be replaced: libpq
// would let the service's password go before one from the environment. What the spec says itself stays. An Error of kind
// usage when the file or the service is missing. Without service= the spec itself. Looks up the service's host name.
Result<ConnectionSpec> with_service_written_out(ConnectionSpec spec);

// Like parse_connection, but a password is taken out and kept: for URLs that come from a platform (an app's environment).
Result<ConnectionSpec> parse_connection_with_password(const std::string& server, const std::string& text);

// postgresql://user:password@host:port/database, percent-encoded. The result is a secret.
Secret make_url(const ConnectionSpec& connection);

}  // namespace pgconvoy
