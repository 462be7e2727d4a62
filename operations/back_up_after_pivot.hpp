#pragma once

#include <memory>

#include "engine/run/operation.hpp"

namespace pgconvoy {

std::unique_ptr<Operation> make_back_up_after_pivot();

}  // namespace pgconvoy
