#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

// Needs the part `mutable_expressions`.
std::unique_ptr<Condition> make_expressions_stay_immutable();

}  // namespace pgconvoy
