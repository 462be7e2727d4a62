// What the provisioner `shared server` is made of, for the server's side of tests and for shared_server.cpp. Each is
// one attempt, made under the cluster's lock.
#pragma once

#include <string>
#include <vector>

#include "engine/platform/platform.hpp"

namespace pgconvoy::shared_server {

// REQUIRES of all: `maintenance` belongs to an administrator and stays alive; the lock of cluster_ddl.hpp is held.

Task<Result<std::int64_t>> create_database(Session& maintenance, DatabaseOrder order);
Task<Result<void>> drop_database(Session& maintenance, std::string name, std::int64_t oid,
                                 std::string system_identifier);
Task<Result<std::vector<std::string>>> create_roles(Session& maintenance, std::vector<RoleOrder> roles);
Task<Result<std::vector<std::string>>> drop_roles(Session& maintenance, std::vector<std::string> names);

// CREATE ROLE with everything but settings, memberships and comment. The text holds the verifier.
std::string create_role_sql(const RoleOrder& order);

// What a role's password may be given as: anything else, the server would take for the clear text.
bool is_password_verifier(const std::string& text);

}  // namespace pgconvoy::shared_server
