// How a whole runbook says that its databases are verified. Pure.
#pragma once

#include "engine/core/error.hpp"
#include "engine/run/runbook.hpp"

namespace pgconvoy {

// The transfer and the comparison leave out what the bracket is to do after the pivot: all must be told the same, or nobody
// would compare contents. REQUIRES: parameters were put in. Error usage names what doesn't fit.
Result<void> check_verification(const Runbook& runbook);

}  // namespace pgconvoy
