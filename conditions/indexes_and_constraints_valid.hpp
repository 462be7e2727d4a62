#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

// Needs the part `unfinished`. Matters to all moves.
std::unique_ptr<Condition> make_indexes_and_constraints_valid();

}  // namespace pgconvoy
