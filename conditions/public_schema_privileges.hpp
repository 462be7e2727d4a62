#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

// Needs the part `public_schema`. Matters to moves to 15 or newer.
std::unique_ptr<Condition> make_public_schema_privileges();

}  // namespace pgconvoy
