// Every extension of the databases can be made on the target server, at least as new as it is now.
#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

std::unique_ptr<Condition> make_extensions_available();

}  // namespace pgconvoy
