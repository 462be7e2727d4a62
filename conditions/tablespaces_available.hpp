#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

// Needs the parts `tablespaces` and `used_tablespaces`. Matters to all moves.
std::unique_ptr<Condition> make_tablespaces_available();

}  // namespace pgconvoy
