// The fence around one database: closed, drained, ours, renamed. The rename is the check: PostgreSQL refuses it while
// any backend, even one that is just starting, or a prepared transaction is left in the database.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "engine/core/task.hpp"
#include "engine/postgres/session.hpp"

namespace pgconvoy {

struct FenceOrder {
  std::int64_t oid = 0;
  std::string from, to;             // names before and after
  Seconds drain{10};                // how long open transactions may go on before they are ended
  Seconds limit{60};                // for the whole
  bool reachable_afterwards = true; // connections allowed under the new name
  bool take_over = false;           // it becomes ours once it is drained: an owner could lift the fence
};

struct FenceResult {
  int terminated = 0;
  double drained_seconds = 0;
};

// The name that the database with this oid has now; nullopt: there is none. Read-only.
Task<Result<std::optional<std::string>>> name_of_database(Session& maintenance, std::int64_t oid);

// Closes, drains, takes over, terminates, renames, and opens under the new name. May be repeated: a database that already
// has the new name is only taken over and opened (or closed) as asked. Errors: not_found (no such oid), conflict (it has a third name,
// or the new name is taken), timeout (somebody stays; says who).
Task<Result<FenceResult>> fence_database(Session& maintenance, FenceOrder order);

}  // namespace pgconvoy
