// Which roles must be on the target server before a database's dump can be restored there. Pure.
#pragma once

#include <string>
#include <vector>

#include "engine/facts/facts.hpp"

namespace pgconvoy {

// Owner, the fleet's role, every role the database depends on, and what these are members of, transitively; sorted
// so that a role comes after those it is a member of. Built-in roles (pg_*) are left out.
std::vector<RoleFact> needed_roles(const DatabaseFacts& database, const ServerFacts& source, const std::string& fleet_role);

}  // namespace pgconvoy
