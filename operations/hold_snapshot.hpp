// Holds one moment of the source database, for as long as it takes to record and to dump it.
#pragma once

#include <memory>

#include "engine/run/operation.hpp"

namespace pgconvoy {

std::unique_ptr<Operation> make_hold_snapshot();

}  // namespace pgconvoy
