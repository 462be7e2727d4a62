#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

// Needs the part `libraries` and the inquiry `target_libraries`; reads the settings of databases and roles. Matters to all moves.
std::unique_ptr<Condition> make_libraries_available();

}  // namespace pgconvoy
