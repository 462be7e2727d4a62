// From a server of the fleet to a way in: the URL with its password fetched from where the fleet says.
#pragma once

#include "engine/core/error.hpp"
#include "engine/core/process.hpp"
#include "engine/core/task.hpp"
#include "engine/fleet/fleet.hpp"
#include "engine/postgres/connection.hpp"

namespace pgconvoy {

// One per process, on the loop's thread. Errors name the source of a password, never its value, its command's arguments
// or output; their kinds: not_found, io, refused (a passfile that libpq would ignore, no password in it), process,
// timeout, and usage for a URL. May be repeated.
class Credentials {
 public:
  explicit Credentials(ProcessLauncher& launcher) : launcher_(launcher) {}

  // The administrator's connection to the server's maintenance database (`postgres` unless the URL says otherwise),
  // kept for the next call for the same server. A passfile is checked and left to libpq, so is an empty source.
  Task<Result<ConnectionSpec>> administrator(Server server);

  // The password behind a source: a variable, the first line of a file or of a command's output (10 s at most). An
  // empty Secret when the source is empty. A passfile is an error of kind usage: only libpq reads those.
  Task<Result<Secret>> password(PasswordSource source);

 private:
  ProcessLauncher& launcher_;
  std::map<std::string, ConnectionSpec> known_;  // by server id
};

}  // namespace pgconvoy
