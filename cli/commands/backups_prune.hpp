// `pgconvoy backups prune`
#pragma once

#include "cli/options.hpp"

namespace pgconvoy::cli {

void add_backups_prune(CLI::App& group, Invocation& invocation);

}  // namespace pgconvoy::cli
