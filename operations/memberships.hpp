// Memberships of an administrator who is no superuser: only a member of a role may give objects to it, and make, rename
// or drop its databases. A superuser needs none, and gets none.
#pragma once

#include <string>
#include <vector>

#include "engine/core/task.hpp"
#include "engine/postgres/session.hpp"

namespace pgconvoy {

// Those of `roles` that exist and of which the session's user is no member yet. Read-only.
Task<Result<std::vector<std::string>>> memberships_lacking(Session& maintenance, std::vector<std::string> roles);

// Becomes a member of all of them that are lacking. May be repeated. Errors: sql (since 16 only who has a role's ADMIN
// OPTION may).
Task<Result<void>> take_memberships(Session& maintenance, std::vector<std::string> roles);

// Ends the memberships in those of `roles` that exist, except where a database that another target is making depends on
// the role. Returns the roles. May be repeated.
Task<Result<std::vector<std::string>>> give_back_memberships(Session& maintenance, std::vector<std::string> roles);

}  // namespace pgconvoy
