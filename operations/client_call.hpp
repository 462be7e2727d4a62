// Calls of PostgreSQL's own client programs (pg_dump, pg_restore) for a step: connection without password in argv,
// password in the child's environment, who we are in application_name.
#pragma once

#include <string>
#include <vector>

#include "engine/run/step_context.hpp"

namespace pgconvoy {

struct ClientCall {
  std::string program;              // pg_dump | pg_restore
  int major = 0;                    // of the target server: the programs' own version is at least this
  std::vector<std::string> arguments;
  bool connects = true;
  ConnectionSpec connection;
  std::string server_options;       // "-c synchronous_commit=off"
};

// Runs it to its end. Its stdout is the value. An exit code other than 0 is an Error of kind process with the last
// lines of its stderr.
Task<Result<std::string>> call_client(StepContext& context, ClientCall call);

}  // namespace pgconvoy
