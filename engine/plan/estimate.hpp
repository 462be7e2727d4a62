// How long operations take: a sum of terms, each an amount of work times a coefficient, times what can't be foretold.
//
//     seconds = (sum of coefficient x amount) x beside ^ contention x e ^ (shared + target + step)
//
// `beside` is how many targets are in flight in the region. The three deviations are normal: one for all targets of a pair of
// servers, one for each target, one for each step. Coefficients are those shipped (priors.hpp), or what runs of this journal have
// shown (calibrate.hpp). Plain data; pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/plan/plan.hpp"

namespace pgconvoy {

using WorkByTerm = std::map<std::string, double>;

struct Coefficient {
  double seconds = 0;  // for one unit of the term
  double prior = 0;    // what it was before anything was observed
};

struct OperationModel {
  std::map<std::string, Coefficient> terms;
  double spread = 0;  // of one step, beside the deviations it shares
  int observed = 0;   // steps that it was learnt from
  // What all that was observed says when nothing was of this pair, as well as what of the pair says: "12 steps of r3, r4".
  std::string from = "prior";
};

struct PairModel {
  std::map<std::string, OperationModel> operations;
  double target_spread = 0, shared_spread = 0;
  int targets = 0;  // it was learnt from
};

struct EstimateModel {
  EstimateModel();  // as shipped

  PairModel usual;                         // of pairs of which nothing was observed
  std::map<std::string, PairModel> pairs;  // by pair_name()
  double contention = 0;
  int targets = 0;                         // it was learnt from, over all pairs
  std::vector<std::string> runs;           // "r3", those of them that have shown something

  const PairModel& of(const std::string& pair) const;
};

// "eu-pg13 -> eu-pg15".
std::string pair_name(const Placement& placement);
// Of the instance that a step is for; of a step for anything else, of the target's first. "" when it has none.
std::string pair_of(const PlannedTarget& planned, const std::string& subject);

// The work as the model takes it: with its fixed part; of an operation that the priors don't know its own estimate.
WorkByTerm work_of(const std::string& operation, const Estimate& estimate);

struct Foretold {
  double seconds = 0;  // as likely less as more
  double spread = 0;   // standard deviation of its logarithm
};

// A step of it alone in its region, with the spread that is its own. A term that the model doesn't know adds nothing.
Foretold foretell(const PairModel& model, const std::string& operation, const WorkByTerm& work);

// Of the sum of steps that have a deviation of `common` in common: a log-normal with the same mean and variance.
Foretold sum_of(const std::vector<Foretold>& steps, double common);

// What a target takes beside its steps, as work of the operations kFactsOfTarget and kBetweenSteps.
WorkByTerm facts_work(const PlannedTarget& planned);
WorkByTerm between_work(int steps);

// Nine of ten are at most that.
double p90_of(double seconds, double spread);
// By which a normal's p90 lies above its mean, in standard deviations.
inline constexpr double kP90 = 1.2815515655446004;

// How many targets will be in flight in each region at a time, about: its limit or its share of the overall one, or all that
// it has. By region.
std::map<std::string, double> targets_beside(const Plan& plan);

}  // namespace pgconvoy
