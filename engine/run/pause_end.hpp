// Calls of a platform's programs while an application waits behind its page: none gets longer than what is left of a
// pause that has an end. Loop's thread only.
#pragma once

#include <functional>
#include <optional>

#include "engine/run/step_context.hpp"

namespace pgconvoy {

class CallsEndWithPause {
 public:
  // What is left for a call that begins now; none: its own limit alone counts.
  using Left = std::function<std::optional<Seconds>()>;

  // Controllers and poolers of the target's environments are asked through decorators that shorten a program's limit
  // for one call; the rest of the services is as it was. REQUIRES: plan, target and services live longer.
  // An error of kind timeout of a call that was shortened says so.
  CallsEndWithPause(Services services, const Plan& plan, const PlannedTarget& planned, Left left);

  Services& services() { return decorated_; }

 private:
  AppControllers controllers_;
  PoolerControllers poolers_;
  Services decorated_;
};

}  // namespace pgconvoy
