// Dropping an old database for good: by the deprovision step itself (retention 0) or by `pgconvoy cleanup` when
// the obligation is due. Only the exact database: name, oid and system identifier must match what was journaled.
#pragma once

#include <string>

#include "engine/core/json.hpp"
#include "engine/core/task.hpp"
#include "engine/platform/platform.hpp"
#include "engine/postgres/session.hpp"

namespace pgconvoy {

struct DropOrder {
  std::string instance, server, database, fenced_name, system_identifier;
  std::int64_t oid = 0;
};
PGCONVOY_JSON(DropOrder);

// May be repeated: a database that is gone is success. `inside` leads to the database under its fenced name, as the
// administrator.
Task<Result<void>> drop_source(Provisioner& provisioner, CallIdentity who, SessionFactory& sessions, ConnectionSpec inside,
                               Session& maintenance, DropOrder order);

}  // namespace pgconvoy
