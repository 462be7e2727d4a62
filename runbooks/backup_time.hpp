// When backups of the shorter pause are made, as a whole runbook says it. Pure.
#pragma once

#include "engine/core/error.hpp"
#include "engine/run/runbook.hpp"

namespace pgconvoy {

// The bracket makes the late backup, the transfer leaves the early one out: both must be told the same, or there would be no
// backup at all. REQUIRES: parameters were put in. Error usage names what doesn't fit.
Result<void> check_backup_time(const Runbook& runbook);

}  // namespace pgconvoy
