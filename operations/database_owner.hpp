// Whose a fenced database is. An owner may open, rename and drop what is his, so a fence holds only around a database
// that is ours meanwhile: it gets our administrator as owner, and gets its own back.
#pragma once

#include <cstdint>
#include <string>

#include "engine/core/task.hpp"
#include "engine/postgres/database_properties.hpp"
#include "engine/postgres/session.hpp"

namespace pgconvoy {

// A script of ALTER DATABASE and the like, in one transaction; again when somebody else, its owner maybe, was changing the
// database at the same moment.
Task<Result<void>> change_database(Session& maintenance, std::string sql);

// As it is right now. Read-only. Error not_found: no database has this oid.
Task<Result<Ownership>> ownership_of(Session& maintenance, std::int64_t oid);

// The database becomes our administrator's and refuses connections, in one transaction. A limit of 0 keeps everybody but
// superusers out of it when it is opened again for our own sessions; an administrator who is none himself can't use that
// and leaves the limit. May be repeated. REQUIRES: who is no superuser is a member of the owner and may make databases
// (manual: ALTER DATABASE).
Task<Result<void>> take_over_database(Session& maintenance, std::string name);

// Whether the database with this oid is ours as take_over_database() leaves it, whatever it is called. Read-only.
Task<Result<bool>> is_taken_over(Session& maintenance, std::int64_t oid);

// Whether it belongs to `wanted.owner`, has that limit and allows connections. Read-only.
Task<Result<bool>> is_open_for(Session& maintenance, std::int64_t oid, Ownership wanted);

// Owner and limit are `before`'s again, and connections are allowed or not. May be repeated. Privileges are as they were
// by that alone, unless there are some of our own among them, which ALTER DATABASE OWNER merges with the owner's.
Task<Result<void>> hand_database_over(Session& maintenance, std::string name, Ownership before, bool allow_connections);

// The same, but its privileges are exactly `before.acl`, merged or not.
Task<Result<void>> hand_database_back(Session& maintenance, std::string name, Ownership before, bool allow_connections);

// SQL after which the database has exactly these privileges, granted in their order and by whom they were granted. To be
// run in a transaction. REQUIRES: the database belongs to `wanted.owner`, the roles exist. Reads only.
Task<Result<std::string>> privileges_anew(Session& maintenance, std::string name, Ownership wanted);

}  // namespace pgconvoy
