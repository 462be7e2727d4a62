// From a fleet, a selection and a runbook to a plan: what `pgconvoy plan` does, for programs that link the library.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <vector>

#include "engine/fleet/select.hpp"
#include "engine/plan/estimate.hpp"
#include "engine/plan/plan.hpp"
#include "engine/run/step_context.hpp"
#include "runbooks/sample.hpp"

namespace pgconvoy {

struct PlanRequest {
  Fleet fleet;
  Selection selection;
  Runbook runbook;  // parameters put in (with_parameters)
  RunOptions options;
  int surveys = 8;  // targets whose facts are read at a time; >= 1
  // Instances that are settled (moved already, or in a person's hands): they are left out, and with them targets that have no
  // others. With any, nothing left to move is a plan without targets, not an error.
  std::optional<std::set<std::string>> settled = std::nullopt;
  EstimateModel model = {};  // how long operations take; as shipped, or learnt from the journal's runs
  // Of the targets with something to move only a sample, by the sizes that their servers say, drawn with options.seed.
  std::optional<SampleOrder> sample = std::nullopt;
  // Asked once, when the request is known to be good and before anything is read; its error ends the planning.
  std::function<Result<void>()> before_reading;
};

struct PlanProgress {
  int done = 0, total = 0;  // targets
};

struct PlanResult {
  Plan plan;
  EstimateModel model;  // by which it was estimated
  int settled = 0;      // selected targets that were left out as settled
  int sampled_from = 0; // how many there were to choose the sample from; 0: all are taken
  int not_offered = 0;  // selected targets that have no instance of the source service in the wanted state
};

// Selects, shuffles by options.seed, reads the servers, places the targets in their order, reads the facts of each,
// evaluates the runbook's preconditions, estimates, and puts the targets in the order of the run (arrange). Writes nothing anywhere. Facts are dropped as soon as a target is judged, only their digest is kept:
// memory grows with findings and steps, not with databases.
//
// Errors: usage for a runbook that validate() refuses, a selection that matches nothing or leaves nothing to move, an
// override of a condition that the runbook doesn't have, a service to move to that is older than the one to leave, a failure budget that is no number, and what
// can't be placed (all of it at once). What can't be reached is no error, but a finding of the conditions.
// `progress` is called on the loop's thread. May be repeated.
Task<Result<PlanResult>> make_plan(Services services, PlanRequest request, const OperationRegistry& operations,
                                   const ConditionRegistry& conditions,
                                   std::function<void(PlanProgress)> progress = {});

}  // namespace pgconvoy
