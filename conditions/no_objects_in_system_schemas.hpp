#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

// Needs the part `code` and the inquiry `system_objects`.
std::unique_ptr<Condition> make_no_objects_in_system_schemas();

}  // namespace pgconvoy
