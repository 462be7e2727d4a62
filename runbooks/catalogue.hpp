// The runbooks that come with pgconvoy.
#pragma once

#include <string>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/run/runbook.hpp"

namespace pgconvoy {

// By name.
std::vector<Runbook> builtin_runbooks();

// Error usage with the names there are, and the one that may have been meant.
Result<Runbook> find_runbook(const std::string& name);

}  // namespace pgconvoy
