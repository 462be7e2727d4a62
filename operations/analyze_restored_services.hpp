// Gives the new database its statistics before the app meets it.
#pragma once

#include <memory>

#include "engine/run/operation.hpp"

namespace pgconvoy {

std::unique_ptr<Operation> make_analyze_restored_services();

}  // namespace pgconvoy
