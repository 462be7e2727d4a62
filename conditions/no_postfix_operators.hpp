#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

// Needs the part `operators`. Matters to moves to 14 or newer.
std::unique_ptr<Condition> make_no_postfix_operators();

}  // namespace pgconvoy
