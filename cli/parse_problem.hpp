// A command line that can't be understood, as an error that says what may have been meant.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "engine/core/error.hpp"

namespace pgconvoy::cli {

// `arguments` without the program's name. Error usage; no argument that could hold a password is repeated.
Error explain(const CLI::App& app, const CLI::ParseError& problem, const std::vector<std::string>& arguments);

// Error usage with the commands that `parent` has, and the one that may have been meant. `path`: "pgconvoy fleet".
Error no_such_command(const CLI::App& parent, const std::string& path, const std::string& word);

}  // namespace pgconvoy::cli
