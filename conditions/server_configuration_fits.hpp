// Condition: the target server is configured for what comes to it. `pgconvoy parity` shows the whole difference.
#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

std::unique_ptr<Condition> make_server_configuration_fits();

}  // namespace pgconvoy
