#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

// Needs the parts `code` and `builtins` and the inquiry `system_objects`.
std::unique_ptr<Condition> make_no_system_row_types();

}  // namespace pgconvoy
