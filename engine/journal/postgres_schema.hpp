// The journal's schema in a database: recognised, refused or made. docs/journal.md, "In PostgreSQL".
#pragma once

#include <string>
#include <vector>

#include "engine/journal/journal.hpp"
#include "engine/journal/postgres_database.hpp"

namespace pgconvoy {

constexpr std::int64_t kSharedJournalVersion = 1;

// The token of the journal in this database; makes the journal when `mode` is create and there is none. Anything else in
// a schema of that name is refused and left untouched. REQUIRES: connected.
Result<std::string> open_journal_schema(PostgresDatabase& database, OpenMode mode);

// What is different from the tables of a journal, one line each; empty: nothing is.
Result<std::vector<std::string>> differing_tables(PostgresDatabase& database);

}  // namespace pgconvoy
