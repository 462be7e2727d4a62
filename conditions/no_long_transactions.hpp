#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

// Needs the part `open_transactions`. Matters to all moves.
std::unique_ptr<Condition> make_no_long_transactions();

}  // namespace pgconvoy
