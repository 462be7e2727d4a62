// What a runbook says of the memory for building indexes. Pure.
#pragma once

#include "engine/core/error.hpp"
#include "engine/run/runbook.hpp"

namespace pgconvoy {

// REQUIRES: parameters were put in. Error usage names the operation whose restore_memory is no amount.
Result<void> check_restore_memory(const Runbook& runbook);

}  // namespace pgconvoy
