// The applications run and are healthy now, with no maintenance page up: what is broken before is not moved.
#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

std::unique_ptr<Condition> make_application_healthy_now();

}  // namespace pgconvoy
