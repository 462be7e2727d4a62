// Closes the fenced old database for everybody once the app lives on the new one.
#pragma once

#include <memory>

#include "engine/run/operation.hpp"

namespace pgconvoy {

std::unique_ptr<Operation> make_close_source();

}  // namespace pgconvoy
