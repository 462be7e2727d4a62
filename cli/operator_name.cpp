#include "cli/operator_name.hpp"

#include "engine/core/host.hpp"

namespace pgconvoy::cli {

std::string operator_name() { return this_operator(); }

}  // namespace pgconvoy::cli
