// Where a journal in PostgreSQL is: from what --journal says to a connection. docs/journal.md, "In PostgreSQL".
#pragma once

#include <string>

#include "engine/core/error.hpp"
#include "engine/postgres/connection.hpp"

namespace pgconvoy {

inline constexpr const char* kJournalPasswordVariable = "PGCONVOY_JOURNAL_PASSWORD";

// Whether this names a journal in PostgreSQL: postgresql://... or postgres://...
bool is_postgres_journal(const std::string& uri);

// libpq's own keywords, TLS and several hosts included, with what a journal needs: a server that may be written to, an end
// of waiting for one that is silent. The password comes from PGCONVOY_JOURNAL_PASSWORD when that is set, else from where
// libpq looks. Error usage, without any of the text: no connection string, or a password in it.
Result<ConnectionSpec> journal_connection(const std::string& uri);

// "postgresql://host:5432/database", for messages.
std::string journal_address(const ConnectionSpec& connection);

}  // namespace pgconvoy
