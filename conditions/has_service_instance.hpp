// The target has a service instance of the kind and in the state that the runbook moves.
#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

std::unique_ptr<Condition> make_has_service_instance();

}  // namespace pgconvoy
