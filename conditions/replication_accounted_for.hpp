#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

// Needs the parts `replication` and `scheduled_jobs`. Matters to all moves.
std::unique_ptr<Condition> make_replication_accounted_for();

}  // namespace pgconvoy
