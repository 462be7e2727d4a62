// Builds a fleet from live servers: every database that a tenant could own, its owner and size.
#pragma once

#include <string>
#include <vector>

#include "engine/core/task.hpp"
#include "engine/fleet/fleet.hpp"
#include "engine/postgres/session.hpp"

namespace pgconvoy {

struct DiscoveredDatabase {
  std::string database, owner;
  std::int64_t bytes = 0;
  bool allows_connections = true;
};

// Databases of one server in one query; templates, `postgres`, and what pgconvoy itself made (names that begin
// with pgconvoy_) are left out. `glob` is a shell pattern on the database's name ("*": all). In the order of names,
// byte by byte; bytes are 0 where we may not ask. None is no error. Errors: an empty glob (usage), a name that is not
// UTF-8 and that the glob takes (refused), and the session's. Read-only; may be repeated.
Task<Result<std::vector<DiscoveredDatabase>>> discover_databases(Session& session, std::string glob);

// Adds an instance and an environment with controller `none` for each database that the fleet doesn't have yet; one
// that allows no connections gets the state `closed`. Ids are made from region and database name: lower-case [a-z0-9-],
// made unique with a number where two names fall together.
void add_discovered(Fleet& fleet, const Server& server, const std::vector<DiscoveredDatabase>& databases);

}  // namespace pgconvoy
