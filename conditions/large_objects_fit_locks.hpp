#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

// Needs the parts `lock_needs` and `lock_room`. Matters to all moves.
std::unique_ptr<Condition> make_large_objects_fit_locks();

}  // namespace pgconvoy
