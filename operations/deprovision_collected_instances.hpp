// Drops the old database, at once or as an obligation that pgconvoy cleanup keeps after the retention.
#pragma once

#include <memory>

#include "engine/run/operation.hpp"

namespace pgconvoy {

std::unique_ptr<Operation> make_deprovision_collected_instances();

}  // namespace pgconvoy
