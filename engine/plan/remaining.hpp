// What is left of a run that is under way, foretold by the same simulation and corrected by what was seen of it so far. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/plan/simulate.hpp"

namespace pgconvoy {

struct RunPosition {
  struct Target {
    TargetState state = TargetState::pending;
    bool in_flight = false;  // a process is at work on it
    double seconds = 0;      // from its start to its end, or to now
    bool clean = true;       // done at the first try, so that its seconds say something of the others'
  };
  std::vector<Target> targets;  // by number
  int wave = 1;
  std::optional<WallTime> wave_ended;
  int approved = 1;
};

struct RestForecast {
  Forecast rest;           // from `now` on
  Pace pace;               // of what has ended
  bool begun = false;      // something is in flight, or has ended
};

// `plan` holds the options as they are now. Fewer draws for many targets, so that it takes about `starts` simulated starts in all:
// the end of many targets is known well by few draws. None when nothing is left, or the plan holds no estimates.
std::optional<RestForecast> forecast_rest(const Plan& plan, const RunPosition& position, WallTime now, int starts = 40000, int threads = 1);

// "region eu-west closes at 2026-11-30 05:00 UTC: about 12 of its targets will be left, ...": one for each region that is open now
// and won't get through, or will hardly have ended by then.
std::vector<std::string> window_warnings(const Fleet& fleet, const Forecast& rest, WallTime now);

}  // namespace pgconvoy
