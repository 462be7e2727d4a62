#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

// Needs the part `public_schema`. Matters to all moves.
std::unique_ptr<Condition> make_public_schema_privileges();

}  // namespace pgconvoy
