// Who typed the command, as the journal keeps it.
#pragma once

#include <string>

namespace pgconvoy::cli {

// "ann@host": the account of this process; with sudo "ann (as root)@host".
std::string operator_name();

}  // namespace pgconvoy::cli
