#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

// Needs the part `care` of both servers. Matters to all moves.
std::unique_ptr<Condition> make_target_is_backed_up();

}  // namespace pgconvoy
