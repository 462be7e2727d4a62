// The runbooks that move databases to another major version of PostgreSQL.
#pragma once

#include "engine/run/runbook.hpp"

namespace pgconvoy {

// From any service to any other: parameters `from` and `to`.
Runbook postgres_upgrade();

// The same with both services fixed.
Runbook postgres_13_to_15();

}  // namespace pgconvoy
