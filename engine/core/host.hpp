// The machine that this process runs on.
#pragma once

#include <string>

namespace pgconvoy {

// Its name as the kernel has it; "unknown" when it doesn't say.
std::string this_host();

// Whose account it runs under, and where: "ann@runner-1"; with sudo also who typed it: "ann (as root)@runner-1". For the journal.
std::string this_operator();

}  // namespace pgconvoy
