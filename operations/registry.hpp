// The list of all operations and brackets: explicit, so that a newcomer finds where to add one.
#pragma once

#include "engine/run/operation.hpp"

namespace pgconvoy {

void register_operations(OperationRegistry& registry);

}  // namespace pgconvoy
