// Looks after the applications of a wave while it soaks: are they still healthy on their new databases? Read-only.
// Loop's thread only.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/plan/plan.hpp"
#include "engine/run/step_context.hpp"

namespace pgconvoy {

class Soak {
 public:
  struct Unhealthy {
    int target = 0;
    std::string environment, detail;
  };

  // REQUIRES: both outlive it.
  Soak(Services& services, const Plan& plan) : services_(services), plan_(plan) {}

  // How long between two rounds: a tenth of the soak, from one second to thirty; without a soak thirty.
  static Seconds interval(Seconds soak);

  // One look at each application of these targets that pgconvoy controls, a bounded number at a time. Returns those that
  // weren't healthy twice in a row, each once.
  Task<std::vector<Unhealthy>> look(std::vector<int> targets);

 private:
  Task<void> look_at(int target, std::string environment);
  Task<void> work();

  Services& services_;
  const Plan& plan_;
  std::map<std::string, int> in_a_row_;  // environment -> looks at which it wasn't healthy
  std::vector<std::pair<int, std::string>> waiting_;
  std::vector<Unhealthy> found_;
};

}  // namespace pgconvoy
