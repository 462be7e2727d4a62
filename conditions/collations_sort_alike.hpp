#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

// Needs the part `used_collations` and the inquiry `collation_order`.
std::unique_ptr<Condition> make_collations_sort_alike();

}  // namespace pgconvoy
