// Settings, connection limit and privileges of a database itself: only dumps with --create hold them, so they are
// carried over here, after the data (a default_transaction_read_only set first would break the restore).
#pragma once

#include <string>
#include <vector>

#include "engine/core/task.hpp"
#include "engine/facts/facts.hpp"
#include "engine/postgres/database_properties.hpp"
#include "engine/postgres/session.hpp"
#include "engine/run/step_context.hpp"

namespace pgconvoy {

// Gives the database `name` on the session's server what `facts` say its source has: ALTER DATABASE SET, ALTER ROLE
// IN DATABASE SET, CONNECTION LIMIT, and exactly the source's ACL. In one transaction; may be repeated.
Task<Result<void>> apply_database_properties(Session& maintenance, std::string name, DatabaseFacts facts);

// Owner, privileges and limit that the instance's new database gets when it is enabled: those that the source had before
// its fence, or with copy_runtime_options: false its own.
Ownership ownership_of_new(const StepContext& context, const std::string& instance);

}  // namespace pgconvoy
