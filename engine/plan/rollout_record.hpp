// Where a run is on its way over the fleet, from its own journaled events: for those who look at it from outside. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/journal/event.hpp"
#include "engine/plan/plan.hpp"

namespace pgconvoy {

struct RolloutRecord {
  RunOptions options;           // as they were planned and changed since
  std::vector<int> wave_ends;   // last number of each wave; one: the run has no waves
  int wave = 1;                 // the one that is open
  bool wave_ended = false;      // nothing of it was left to do
  std::string soak_until;       // RFC 3339; "": no soak, or the wave is under way
  int approved = 1;             // up to this wave
  bool backward = false;        // the last process that took the run up was rolling it back
  json waits = json::array();   // as last journaled: why, what, text, targets, until
  json ended;                   // data of the last run_ended; null while a process may be at it
  int waves() const { return static_cast<int>(wave_ends.size()); }
  bool waits_for_approval() const { return wave_ended && wave < waves() && options.approve && approved <= wave; }
};

// `own`: the run's own events (Journal::own_events), in order. `targets`: how many the run has. `planned`: its options as
// planned; null: those that the last process began with.
RolloutRecord rollout_record(const json& planned, const std::vector<Event>& own, int targets);

}  // namespace pgconvoy
