// The machine that this process runs on.
#pragma once

#include <string>

namespace pgconvoy {

// Its name as the kernel has it; "unknown" when it doesn't say.
std::string this_host();

}  // namespace pgconvoy
