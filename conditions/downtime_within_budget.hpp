#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

// Facts: pause. See docs/conditions.md.
std::unique_ptr<Condition> make_downtime_within_budget();

}  // namespace pgconvoy
