#include "engine/journal/postgres_address.hpp"

#include <fmt/format.h>

#include <cstdlib>

namespace pgconvoy {

bool is_postgres_journal(const std::string& uri) {
  return uri.starts_with("postgresql:") || uri.starts_with("postgres:");
}

Result<ConnectionSpec> journal_connection(const std::string& uri) {
  auto parsed = parse_connection_with_password("", uri);
  if (!parsed)
    return Error(ErrorKind::usage, "the journal: " + parsed.error().message,
                 "write --journal postgresql://user@host:port/database");
  if (!parsed->password.empty())
    return Error(ErrorKind::usage, "the journal's URL must not contain a password: others can see it there",
                 fmt::format("take it out of the URL and set {}, or use PGPASSWORD, a passfile (PGPASSFILE, ~/.pgpass "
                             "with mode 0600) or a service file",
                             kJournalPasswordVariable));
  TRY(ConnectionSpec connection, with_service_written_out(*std::move(parsed)));
  auto& keywords = connection.keywords;
  // Of several hosts the one that takes writes: after a failover another than before.
  keywords["target_session_attrs"] = "read-write";
  keywords["client_encoding"] = "UTF8";
  keywords.try_emplace("application_name", "pgconvoy journal");
  keywords.try_emplace("connect_timeout", "5");
  // A host that is gone is noticed although nothing says so.
  keywords.try_emplace("keepalives_idle", "5");
  keywords.try_emplace("keepalives_interval", "3");
  keywords.try_emplace("keepalives_count", "3");
  keywords.try_emplace("tcp_user_timeout", "15000");
  if (const char* password = std::getenv(kJournalPasswordVariable); password != nullptr && *password != '\0') {
    connection.password = Secret(password);
    keywords.erase("passfile");
  }
  return connection;
}

std::string journal_address(const ConnectionSpec& connection) {
  const auto database = connection.keywords.find("dbname");
  return fmt::format("postgresql://{}/{}", connection.address(), database == connection.keywords.end() ? "" : database->second);
}

}  // namespace pgconvoy
