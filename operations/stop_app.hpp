// Stops the application from writing. Undo: starts it again and waits until it is healthy.
#pragma once

#include <memory>

#include "engine/run/operation.hpp"

namespace pgconvoy {

std::unique_ptr<Operation> make_stop_app();

}  // namespace pgconvoy
