// What the steps around an application are estimated by.
#pragma once

#include "engine/plan/priors.hpp"
#include "engine/run/operation.hpp"

namespace pgconvoy {

// SECONDS where the environment's application is ours to stop and to start, nothing where its owner does it.
inline Estimate work_on_application(const EstimateInput& input, double seconds) {
  Estimate estimate{seconds, false};
  const auto found = input.facts.applications.find(input.subject);
  if (found != input.facts.applications.end() && found->second.controller == "none") estimate.work = {{term::kNothing, 1}};
  return estimate;
}

}  // namespace pgconvoy
