#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

// Needs the part `code` and the inquiry `system_objects`. Matters to moves to 14 or newer.
std::unique_ptr<Condition> make_no_user_defined_conversions();

}  // namespace pgconvoy
