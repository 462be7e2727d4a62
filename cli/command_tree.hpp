// All commands with their options, as --help has them: what completions and manual pages are made from.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace pgconvoy::cli {

struct CommandOption {
  std::vector<std::string> names;   // "-f", "--fleet"; of a positional one its name
  std::string value;                // "FILE"; "": a flag
  std::string summary, group;
  std::vector<std::string> choices; // where only these are taken
  bool positional = false, required = false;
};

struct CommandPage {
  std::vector<std::string> path;    // {"fleet", "show"}; empty: the program itself
  std::string summary, footer;
  std::vector<CommandOption> options;
  std::vector<std::string> children;  // names of its commands

  std::string spelled() const;      // "pgconvoy fleet show"
};

// The program first, each command before those under it. Hidden ones are left out.
std::vector<CommandPage> command_pages(const CLI::App& app);

}  // namespace pgconvoy::cli
