// Settings, connection limit and privileges of a database itself: only dumps with --create hold them, so they are
// carried over here, after the data (a default_transaction_read_only set first would break the restore).
#pragma once

#include <string>
#include <vector>

#include "engine/core/task.hpp"
#include "engine/facts/facts.hpp"
#include "engine/postgres/session.hpp"

namespace pgconvoy {

// Gives the database `name` on the session's server what `facts` say its source has: ALTER DATABASE SET, ALTER ROLE
// IN DATABASE SET, CONNECTION LIMIT, and exactly the source's ACL. In one transaction; may be repeated.
Task<Result<void>> apply_database_properties(Session& maintenance, std::string name, DatabaseFacts facts);

}  // namespace pgconvoy
