// Manual pages, from the commands themselves. Pure.
#pragma once

#include <string>
#include <vector>

#include "cli/command_tree.hpp"

namespace pgconvoy::cli {

// "pgconvoy-fleet-show.1"
std::string man_file_name(const CommandPage& page);

// In roff, for man(1). REQUIRES: `page` is one of `pages`.
std::string man_page(const CommandPage& page, const std::vector<CommandPage>& pages);

}  // namespace pgconvoy::cli
