// Asking before something is changed.
#pragma once

#include <string>

#include "engine/core/error.hpp"

namespace pgconvoy::cli {

// Error usage when nobody could answer and --yes wasn't given. Call it before any work.
Result<void> can_confirm(bool yes);

// Asks on the terminal; anything but y or yes is no.
bool confirm(const std::string& question);

}  // namespace pgconvoy::cli
