// Sees that each instance's database is still the one that the facts were read from.
#pragma once

#include <memory>

#include "engine/run/operation.hpp"

namespace pgconvoy {

std::unique_ptr<Operation> make_collect_service_instances();

}  // namespace pgconvoy
