// Completion for shells, from the commands themselves. Pure.
#pragma once

#include <string>
#include <vector>

#include "cli/command_tree.hpp"

namespace pgconvoy::cli {

std::string bash_completion(const std::vector<CommandPage>& pages);
std::string zsh_completion(const std::vector<CommandPage>& pages);
std::string fish_completion(const std::vector<CommandPage>& pages);

}  // namespace pgconvoy::cli
