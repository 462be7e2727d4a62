// Scheduling as a pure function: (state, limits, now) -> what may start. The run and, later, the forecast call
// the same one.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/journal/event.hpp"

namespace pgconvoy {

struct Candidate {
  int number = 0;  // within the run; candidates come in the order of the run
  std::string region;
  TargetState state = TargetState::pending;
  bool in_flight = false;
};

struct Limits {
  int overall = 8;
  int per_region = 2;
  std::map<std::string, int> of_region;  // wins over per_region
  std::optional<int> max_failures;       // absolute: more failures than that start nothing new
};

struct Decision {
  std::vector<int> start;  // numbers, in order
  bool halted = false;     // the failure budget is spent, and pending targets are held back by it
  bool finished = false;   // nothing is in flight and nothing may or can start
};

// Failed: rolled_back and stuck. A target interrupted in `running` or `rolling_back` (a resume) goes first, also
// when the budget is spent or the run is being cancelled; while it is paused nothing starts. Limits always hold.
Decision decide(const std::vector<Candidate>& candidates, const Limits& limits, RunIntent intent);

// "3" or "5%" of `targets` (rounded up); Error text in the optional's absence is the caller's.
std::optional<int> failure_budget(const std::string& text, int targets);

}  // namespace pgconvoy
