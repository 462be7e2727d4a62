// A run on a simulated clock: the schedule's own decisions, with durations drawn from the estimates. Pure: the same input and seed
// give the same figures, whatever the number of threads.
//
// Taken for granted: owners are told as soon as the run begins, nothing fails, no server is too busy (throttles hold nothing back), somebody approves a wave after a while, and
// a run that rests is taken up again when its windows open, as `pgconvoy schedule` does.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/plan/plan.hpp"
#include "engine/plan/schedule.hpp"

namespace pgconvoy {

// How far a run has come, for a forecast of the rest.
struct SimulatedStart {
  struct Target {
    Standing standing = Standing::pending;
    double elapsed = 0;  // seconds since it was begun, of one in flight
  };
  std::vector<Target> targets;  // by number
  int wave = 1;
  std::optional<WallTime> wave_ended;
  int approved = 1;
  // What was seen of the run so far (run_pace()): the logarithm of actual to foretold seconds that all have in common, and how
  // well that is known.
  double shift = 0;
  std::optional<double> shared_spread;  // none: the plan's
};

struct SimulationRequest {
  WallTime from;             // when the run is begun, or gone on with
  int draws = 200;
  std::uint64_t seed = 1;
  int threads = 2;
  Seconds approve_after{15 * 60};   // a person's answer to a wave that is over
  Seconds continue_after{10 * 60};  // a run that rests after a batch, where no window says when it goes on
  std::optional<SimulatedStart> start;
};

// Over the draws.
struct Spread {
  double p10 = 0, p50 = 0, p90 = 0;
};

struct RegionForecast {
  int targets = 0;  // that were to be done
  Spread seconds;   // from the beginning to the end of its last
};

struct OpeningForecast {
  std::string region;
  WallTime open, close;
  Spread finished;   // targets
  Spread left;       // targets of the region that are still to be begun or in flight when it closes
  double late = 0;   // share of draws in which something was still in flight when it closed
};

struct ServerForecast {
  Spread targets;         // peak of those at work there at a time; each holds up to kConnectionsOfOneMove connections
  std::int64_t bytes = 0; // that new databases bring to it, all of them together; what is removed later is not taken off
};

struct Forecast {
  int draws = 0, targets = 0;
  WallTime from;
  Spread seconds;                                // to the end of the last target
  std::map<std::string, RegionForecast> regions;
  std::vector<OpeningForecast> openings;         // by time, then region; only those in which something happens
  Spread bytes_in_flight, targets_in_flight;     // peaks
  std::map<std::string, ServerForecast> servers; // of both sides
  Spread not_reached;                            // targets that never fit into a window, or wait for one that doesn't
  bool approvals = false, rests = false;         // an answer of a person, or another call, was counted in
};

// REQUIRES: the plan was estimated and arranged.
Forecast simulate(const Plan& plan, const SimulationRequest& request);

// One draw with durations as they are foretold (no deviation): the numbers in the order in which they are begun.
std::vector<int> simulated_order(const Plan& plan, WallTime from);

// Of targets that have ended (seconds foretold with their spread, and actual): what they have in common, to be put into
// SimulatedStart. `shared_spread` is the plan's own.
struct Pace {
  double shift = 0, spread = 0;
  int targets = 0;
};
struct EndedTarget {
  double foretold = 0, spread = 0, actual = 0;
};
Pace run_pace(const std::vector<EndedTarget>& ended, double shared_spread);

json forecast_json(const Forecast& forecast);
Forecast forecast_from_json(const json& source);

}  // namespace pgconvoy
