// What a fleet file says about more than one thing at once.
#pragma once

#include "engine/fleet/schema.hpp"

namespace pgconvoy {

// Adds a problem for everything that refers to nothing (region, server, instance), every database that stands for two
// instances, every environment in another region than its databases, every variable or instance that an environment
// binds twice, and every target that would have the name of another one. Takes O(n log n).
void check_references(Draft& draft);

}  // namespace pgconvoy
