// A temporary role on the target server that logs in and is a member of those who own something in a database:
// whatever evaluates a tenant's code during a migration runs in a session of it, never of a superuser. SET ROLE
// would be no barrier, a tenant's function can RESET ROLE.
#pragma once

#include <set>
#include <string>

#include "engine/run/step_context.hpp"

namespace pgconvoy {

// "pgconvoy_k3x9aq_r7_t42_i1_e3_tenant", after the temporary database it belongs to.
std::string tenant_role(const std::string& temporary_database);

// Makes the role (or gives an existing one a new password), member of `owners`, with CONNECT on the database and
// USAGE and CREATE on its schemas. Returns the way in. May be repeated; the password is kept nowhere.
Task<Result<ConnectionSpec>> ensure_tenant_login(StepContext& context, std::string server, std::string database,
                                                 std::set<std::string> owners);

// Takes every grant back and drops the role. A role that isn't there is success. `database` is the database's name now.
Task<Result<void>> drop_tenant_login(StepContext& context, std::string server, std::string database, std::string role);

}  // namespace pgconvoy
