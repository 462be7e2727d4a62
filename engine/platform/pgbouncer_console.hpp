// The admin console of one pgbouncer: what it says about an alias, and commands on it. One session; loop's thread only.
#pragma once

#include <memory>
#include <string>

#include "engine/core/task.hpp"
#include "engine/fleet/credentials.hpp"
#include "engine/platform/platform.hpp"

namespace pgconvoy {

struct PgbouncerAlias {
  bool known = false;  // also when only `*` made it
  bool paused = false;
  PoolerPlace place;
  std::string pool_mode;  // its own, else the pooler's
};

class PgbouncerConsole {
 public:
  // Error unreachable, or what the console refused, with the pooler's name.
  static Task<Result<std::unique_ptr<PgbouncerConsole>>> open(SessionFactory& sessions, Credentials& credentials, Pooler pooler);

  Task<Result<PgbouncerAlias>> look(std::string alias);
  // Connections to the server that a client is using now, or that are just being made.
  Task<Result<int>> in_use(std::string alias);
  // "PAUSE", "RESUME", "KILL" of the alias. An Error's message is pgbouncer's.
  Task<Result<void>> command(std::string word, std::string alias);
  Task<Result<void>> reload();

  // 1.18 keeps 63 bytes of a command's argument, quotes included, and takes quoted what isn't a plain word.
  static bool can_name(const std::string& alias);

 private:
  explicit PgbouncerConsole(SessionPtr session) : session_(std::move(session)) {}
  Task<Result<Rows>> show(std::string what);

  SessionPtr session_;
};

}  // namespace pgconvoy
