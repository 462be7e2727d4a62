// Makes roles and an empty database on the target server, under a temporary name.
#pragma once

#include <memory>

#include "engine/run/operation.hpp"

namespace pgconvoy {

std::unique_ptr<Operation> make_reprovision_collected_instances();

}  // namespace pgconvoy
