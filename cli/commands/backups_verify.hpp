// `pgconvoy backups verify`
#pragma once

#include "cli/options.hpp"

namespace pgconvoy::cli {

void add_backups_verify(CLI::App& group, Invocation& invocation);

}  // namespace pgconvoy::cli
