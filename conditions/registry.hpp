// The list of all conditions. A new one is added here and nowhere else.
#pragma once

#include "engine/facts/condition.hpp"

namespace pgconvoy {

void register_conditions(ConditionRegistry& registry);

}  // namespace pgconvoy
