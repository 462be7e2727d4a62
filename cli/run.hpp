// The command line, from arguments to an exit code.
#pragma once

namespace pgconvoy::cli {

// Never throws. Writes to stdout and stderr.
int run(int argc, char** argv);

}  // namespace pgconvoy::cli
