// Operation `start_app`: starts an application that was stopped, its database where it was, and waits until it is healthy.
#pragma once

#include <memory>

#include "engine/run/operation.hpp"

namespace pgconvoy {

std::unique_ptr<Operation> make_start_app();

}  // namespace pgconvoy
