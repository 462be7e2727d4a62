// Subscriptions of logical replication inside a database: a fence stops them, and PostgreSQL drops no database that has
// one, not even a disabled one as a dump restores it. The publisher is never asked anything: its slots stay.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/core/task.hpp"
#include "engine/postgres/session.hpp"
#include "engine/run/step_context.hpp"

namespace pgconvoy {

// Enables or disables these subscriptions of the session's database; disabled, it waits until their workers are gone.
// Error timeout: they run on. May be repeated.
Task<Result<void>> switch_subscriptions(Session& inside, std::vector<std::string> subscriptions, bool enable);

// For a session that changes subscriptions: those of a database may begin read-only.
SessionOptions changing_options(std::string application_name);

// A session of the administrator in the database that has this name.
using OpenDatabase = std::function<Task<Result<SessionPtr>>(std::string database)>;
// On that server, with the context's application name. REQUIRES: the context outlives it.
OpenDatabase opener(StepContext& context, const std::string& server);

struct ExactDatabase {
  std::string name;
  std::int64_t oid = 0;
  std::string system_identifier;
};

// Takes all subscriptions out of exactly this database, so that it can be dropped, and returns how many; in any other
// nothing is touched, and one that is gone has none. Each is disabled and parted from its slot first: whoever else uses the slot goes on. Connections
// are allowed, and event triggers disabled, in a database that has one. May be repeated. REQUIRES: the database is ours
// to drop, and is dropped next.
Task<Result<int>> drop_subscriptions(Session& maintenance, ExactDatabase which, OpenDatabase open);

}  // namespace pgconvoy
