// Calls of PostgreSQL's own client programs (pg_dump, pg_restore) for a step: connection without password in argv,
// password in the child's environment, who we are in application_name.
#pragma once

#include <functional>
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
  std::string output_file;          // its stdout goes there; "": it is the value
  std::function<void()> started;    // called once it runs; may be empty
  std::function<void(int pid)> look;  // called now and then while it runs, to tell how far it is; may be empty
};

// Takes the time of a call from what the step has left, so that several calls of a step don't each get all of it.
void spend(StepContext& context, Seconds spent);

// Runs it to its end. Its stdout is the value. An exit code other than 0 is an Error of kind process with the last
// lines of its stderr; of kind timeout when the pause has no time left for it.
Task<Result<std::string>> call_client(StepContext& context, ClientCall call);

// How far a process has read a file that it has open: the largest offset of all its descriptors of it; 0 when it has
// none. From /proc, hence of our own host and user.
std::int64_t bytes_read_of(int pid, const std::string& file);

}  // namespace pgconvoy
