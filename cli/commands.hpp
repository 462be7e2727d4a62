// Every command, as one explicit list: each function adds one to the command line. cli/run.cpp calls them.
#pragma once

#include "cli/options.hpp"

namespace pgconvoy::cli {

void add_plan(CLI::App& app, Invocation& invocation);
void add_run(CLI::App& app, Invocation& invocation);

}  // namespace pgconvoy::cli
