// From a server of the fleet to a way in: the URL with its password fetched from where the fleet says.
#pragma once

#include "engine/core/error.hpp"
#include "engine/core/process.hpp"
#include "engine/core/task.hpp"
#include "engine/fleet/fleet.hpp"
#include "engine/postgres/connection.hpp"

namespace pgconvoy {

// The administrator's connection to the server's maintenance database. Reads the environment, a file, or runs
// the command (once per call; cached by Credentials). Errors name the source, never the value.
class Credentials {
 public:
  explicit Credentials(ProcessLauncher& launcher) : launcher_(launcher) {}
  Task<Result<ConnectionSpec>> administrator(Server server);
  // The password behind a source; empty Secret when the source is empty.
  Task<Result<Secret>> password(PasswordSource source);

 private:
  ProcessLauncher& launcher_;
  std::map<std::string, ConnectionSpec> known_;  // by server id
};

}  // namespace pgconvoy
