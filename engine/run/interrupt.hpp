// What lets the work on one target be interrupted from outside: a cancelled run does not wait for a dump of hours.
//
// The sessions and programs that the target's steps use go through decorators. Once interrupted, programs are killed and
// every further statement and program is refused, so that a step ends at its next effect, as if the process had been
// killed there; what it began is then undone like after any failure. Loop's thread only.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "engine/run/step_context.hpp"

namespace pgconvoy {

class Interruptible {
 public:
  // `refusal`, when set, is asked before each statement and program: why none may begin any more.
  explicit Interruptible(Services services, std::function<std::optional<Error>()> refusal = {});
  ~Interruptible();

  // Work on the target goes through these. They live as long as this object.
  Services& services() { return decorated_; }
  // Those that are never interrupted.
  Services& plain() { return plain_; }

  // Kills the programs that run and refuses with `why` from now on. A statement in flight goes on until somebody
  // cancels it at the server.
  void interrupt(Error why);
  // Everything works again: for the undo.
  void go_on();
  bool is_interrupted() const;

  // Backends of open sessions: server's id and process id.
  const std::set<std::pair<std::string, int>>& backends() const;

  struct State;

 private:
  std::shared_ptr<State> state_;
  Services plain_;
  std::unique_ptr<SessionFactory> sessions_;
  std::unique_ptr<ProcessLauncher> processes_;
  Services decorated_;
};

}  // namespace pgconvoy
