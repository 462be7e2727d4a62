// Compares what was restored with what the source held when it was dumped.
#pragma once

#include <memory>

#include "engine/run/operation.hpp"

namespace pgconvoy {

std::unique_ptr<Operation> make_verify_rehearsal();

}  // namespace pgconvoy
