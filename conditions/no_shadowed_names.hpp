#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

// Needs the parts `own_routines` and `builtins`.
std::unique_ptr<Condition> make_no_shadowed_names();

}  // namespace pgconvoy
