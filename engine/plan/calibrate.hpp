// Coefficients from what was observed. Pure.
#pragma once

#include <string>
#include <vector>

#include "engine/plan/estimate.hpp"

namespace pgconvoy {

// What one operation took on one target; of the operations kFactsOfTarget and kBetweenSteps what the target took beside its steps.
struct StepObservation {
  std::string operation;
  std::string pair;  // pair_name()
  WorkByTerm work;
  double seconds = 0;
};

struct TargetObservation {
  std::string run;     // "r7"
  double beside = 1;   // targets in flight in its region meanwhile, itself included, on average
  std::vector<StepObservation> steps;
};

// The most likely coefficients, where each is log-normal around what it is taken to be before: those of all pairs together around
// the shipped ones, those of a pair around those of all. So with few observations it stays near them, and a term that no
// observation tells apart keeps its place. An observation far from the others counts less the farther it is (Huber), one that is
// off by more than four deviations not at all; a run whose targets were all off against those of three or more others (a slow night)
// counts a fifth. Spreads are taken from what remains, together with the shipped ones. Contention likewise, from targets with
// different numbers beside them.
//
// Observations of no seconds or no work are left out. The order of observations doesn't matter.
EstimateModel calibrate(const std::vector<TargetObservation>& observed);

}  // namespace pgconvoy
