#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

// Needs the part `foreign_data` and the inquiry `foreign_places`. Matters to all moves.
std::unique_ptr<Condition> make_foreign_data_reachable();

}  // namespace pgconvoy
