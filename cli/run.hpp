// The command line, from arguments to an exit code.
#pragma once

#include "cli/seams.hpp"

namespace pgconvoy::cli {

// Never throws. Writes to stdout and stderr.
int run(int argc, char** argv, Seams seams = {});

}  // namespace pgconvoy::cli
