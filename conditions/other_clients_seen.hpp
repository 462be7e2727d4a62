#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

// Needs the part `clients` and the inquiry `observed_clients`. Matters to all moves.
std::unique_ptr<Condition> make_other_clients_seen();

}  // namespace pgconvoy
