// Fences the old database: afterwards nobody but pgconvoy can reach it, proved by the rename.
#pragma once

#include <memory>

#include "engine/run/operation.hpp"

namespace pgconvoy {

std::unique_ptr<Operation> make_fence_source();

}  // namespace pgconvoy
