#include "engine/plan/calibrate.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "engine/plan/priors.hpp"
#include "engine/plan/robust.hpp"

namespace pgconvoy {
namespace {

// How far a coefficient may be from what it was taken to be, as a deviation of its logarithm: of the shipped ones a factor of
// two is nothing unusual, between pairs of servers of one site a factor of one and a half.
constexpr double kFromPrior = 0.9, kFromUsual = 0.4;
// As many observations a shipped spread is worth.
constexpr double kSpreadWorth = 4;
constexpr double kContentionDeviation = 0.2;
constexpr double kSlowNight = 0.2;    // what a run counts that was off against the others
constexpr double kOffByALot = 0.25;   // in logarithms: a quarter, at least
constexpr double kShortest = 0.002;   // seconds: what the journal's clock tells apart
constexpr int kRounds = 25, kPasses = 3;

// An observation as the fit takes it.
struct Sample {
  const StepObservation* step;
  int target;           // index
  double log_beside, log_seconds;
};

struct Fitting {
  explicit Fitting(const std::vector<TargetObservation>& observed) : targets(observed), run_weight(observed.size(), 1) {}
  const std::vector<TargetObservation>& targets;
  std::vector<double> run_weight;  // by target: that of its run
  double contention = kContentionPrior;
};

double log_of(const OperationModel& model, const WorkByTerm& work) {
  double sum = 0;
  for (const auto& [name, amount] : work)
    if (const auto found = model.terms.find(name); found != model.terms.end()) sum += found->second.seconds * amount;
  return std::log(std::max(sum, 1e-9));
}

// Gauss and Newton on the logarithms, each coefficient held back by where it comes from.
class OperationFit {
 public:
  OperationFit(OperationModel start, const std::vector<Sample>& samples, const Fitting& fitting, double held)
      : model_(std::move(start)), samples_(samples), fitting_(fitting), held_(held) {
    for (auto& [name, coefficient] : model_.terms)
      if (coefficient.seconds > 0) names_.push_back(name);
    for (const std::string& name : names_) start_.push_back(std::log(model_.terms[name].seconds));
  }

  OperationModel fit() {
    if (samples_.empty() || names_.empty()) return model_;
    const double prior_spread = model_.spread;
    double spread = prior_spread;
    for (int round = 0; round < kRounds; ++round) {
      const std::vector<double> distances = residuals();
      // The first rounds have far to go, and nothing is wild yet.
      if (round > 2) spread = spread_of(distances, prior_spread);
      const double moved = step(distances, round > 2 ? spread : 0, std::max(spread, 0.05));
      if (round > 3 && moved < 1e-5) break;
    }
    model_.spread = spread_of(residuals(), prior_spread);
    model_.observed = static_cast<int>(samples_.size());
    return model_;
  }

 private:
  std::vector<double> residuals() const {
    std::vector<double> distances;
    for (const Sample& sample : samples_)
      distances.push_back(sample.log_seconds - log_of(model_, sample.step->work) - fitting_.contention * sample.log_beside);
    return distances;
  }

  static double spread_of(const std::vector<double>& distances, double prior) {
    const double seen = deviation_around(distances, median(distances)), count = static_cast<double>(distances.size());
    return std::sqrt((kSpreadWorth * prior * prior + count * seen * seen) / (kSpreadWorth + count));
  }

  // The largest change of a coefficient's logarithm.
  double step(const std::vector<double>& distances, double wild_beyond, double spread) {
    const std::size_t size = names_.size();
    std::vector<std::vector<double>> curvature(size, std::vector<double>(size));
    std::vector<double> slope(size);
    for (std::size_t i = 0; i < size; ++i) {
      const double away = std::log(model_.terms[names_[i]].seconds) - start_[i];
      curvature[i][i] += 1 / (held_ * held_);
      slope[i] -= away / (held_ * held_);
    }
    std::vector<double> share(size);
    for (std::size_t n = 0; n < samples_.size(); ++n) {
      const WorkByTerm& work = samples_[n].step->work;
      const double sum = std::exp(log_of(model_, work));
      for (std::size_t i = 0; i < size; ++i) {
        const auto amount = work.find(names_[i]);
        share[i] = amount == work.end() ? 0 : model_.terms[names_[i]].seconds * amount->second / sum;
      }
      const double weight = weight_of(distances[n], wild_beyond) * fitting_.run_weight[samples_[n].target] / (spread * spread);
      for (std::size_t i = 0; i < size; ++i) {
        slope[i] += weight * share[i] * distances[n];
        for (std::size_t j = 0; j < size; ++j) curvature[i][j] += weight * share[i] * share[j];
      }
    }
    const std::vector<double> change = solve(std::move(curvature), std::move(slope));
    double most = 0;
    for (std::size_t i = 0; i < size; ++i) {
      const double bounded = std::clamp(change[i], -0.7, 0.7);
      model_.terms[names_[i]].seconds *= std::exp(bounded);
      most = std::max(most, std::abs(bounded));
    }
    return most;
  }

  OperationModel model_;
  const std::vector<Sample>& samples_;
  const Fitting& fitting_;
  const double held_;
  std::vector<std::string> names_;
  std::vector<double> start_;
};

// term::kNothing, or an operation that nobody knows.
bool teaches_nothing(const StepObservation& step) {
  return step.seconds <= 0 || std::all_of(step.work.begin(), step.work.end(), [](const auto& entry) { return entry.second <= 0; });
}

using SamplesByOperation = std::map<std::string, std::vector<Sample>>;

SamplesByOperation samples_of(const std::vector<TargetObservation>& targets, const std::string& pair) {
  SamplesByOperation samples;
  for (std::size_t i = 0; i < targets.size(); ++i)
    for (const StepObservation& step : targets[i].steps) {
      if (teaches_nothing(step) || (!pair.empty() && step.pair != pair)) continue;
      samples[step.operation].push_back(
          {&step, static_cast<int>(i), std::log(std::max(1.0, targets[i].beside)), std::log(std::max(step.seconds, kShortest))});
    }
  return samples;
}

OperationModel start_of(const PairModel& from, const std::string& operation) {
  if (const auto known = from.operations.find(operation); known != from.operations.end()) return known->second;
  OperationModel own;
  own.terms[term::kOwnEstimate] = {1, 1};
  own.spread = 0.4;
  return own;
}

// What its steps took together, against what they were foretold to take.
struct TargetRatio {
  int target;
  double log_ratio;
  double own_spread;  // that the spreads of its steps alone would make
};

std::vector<TargetRatio> ratios_of(const Fitting& fitting, const EstimateModel& model, const std::string& pair) {
  std::vector<TargetRatio> ratios;
  for (std::size_t i = 0; i < fitting.targets.size(); ++i) {
    const TargetObservation& target = fitting.targets[i];
    double actual = 0;
    std::vector<Foretold> foretold;
    for (const StepObservation& step : target.steps) {
      if (step.seconds <= 0 || (!pair.empty() && step.pair != pair)) continue;
      actual += step.seconds;
      foretold.push_back(foretell(model.of(step.pair), step.operation, step.work));
    }
    const Foretold sum = sum_of(foretold, 0);
    if (actual <= 0 || sum.seconds <= 0) continue;
    ratios.push_back({static_cast<int>(i), std::log(actual / sum.seconds) - fitting.contention * std::log(std::max(1.0, target.beside)), sum.spread});
  }
  return ratios;
}

std::map<std::string, std::vector<double>> by_run(const Fitting& fitting, const std::vector<TargetRatio>& ratios) {
  std::map<std::string, std::vector<double>> runs;
  for (const TargetRatio& ratio : ratios) runs[fitting.targets[ratio.target].run].push_back(ratio.log_ratio);
  return runs;
}

// A night on which everything was slow says little about the next one, once there are others to tell.
void weigh_runs(Fitting& fitting, const EstimateModel& model) {
  const auto runs = by_run(fitting, ratios_of(fitting, model, ""));
  if (runs.size() < 3) return;
  std::map<std::string, double> middle;
  std::vector<double> middles;
  for (const auto& [run, ratios] : runs) middles.push_back(middle[run] = median(ratios));
  const double usual = median(middles), apart = std::max(kOffByALot, 2.5 * deviation_around(middles, usual));
  for (std::size_t i = 0; i < fitting.targets.size(); ++i)
    if (const auto found = middle.find(fitting.targets[i].run); found != middle.end())
      fitting.run_weight[i] = std::abs(found->second - usual) > apart ? kSlowNight : 1;
}

// From steps of one operation with different numbers of targets beside them.
double contention_of(const Fitting& fitting, const EstimateModel& model, const SamplesByOperation& all) {
  double slope = 0, curvature = 1 / (kContentionDeviation * kContentionDeviation);
  for (const auto& [operation, samples] : all) {
    double mean = 0;
    for (const Sample& sample : samples) mean += sample.log_beside / static_cast<double>(samples.size());
    for (const Sample& sample : samples) {
      const PairModel& pair = model.of(sample.step->pair);
      const auto found = pair.operations.find(operation);
      if (found == pair.operations.end()) continue;
      const double spread = std::max(0.05, found->second.spread), beside = sample.log_beside - mean;
      const double distance = sample.log_seconds - log_of(found->second, sample.step->work) - fitting.contention * sample.log_beside;
      // Steps of one target are hindered together: they are worth about three, not all of them.
      const double weight = weight_of(distance, spread) * fitting.run_weight[sample.target] / (spread * spread) /
                            std::max<double>(1, static_cast<double>(all.size()) / 3);
      slope += weight * beside * distance;
      curvature += weight * beside * beside;
    }
  }
  slope -= (fitting.contention - kContentionPrior) / (kContentionDeviation * kContentionDeviation);
  return std::clamp(fitting.contention + slope / curvature, 0.0, 1.0);
}

void spreads_of(PairModel& pair, const Fitting& fitting, const EstimateModel& model, const std::string& name) {
  const std::vector<TargetRatio> ratios = ratios_of(fitting, model, name);
  pair.targets = static_cast<int>(ratios.size());
  if (ratios.empty()) return;
  const auto runs = by_run(fitting, ratios);
  std::vector<double> centred, own, middles;
  for (const auto& [run, of_run] : runs) middles.push_back(median(of_run));
  for (const TargetRatio& ratio : ratios) {
    centred.push_back(ratio.log_ratio - median(runs.at(fitting.targets[ratio.target].run)));
    own.push_back(ratio.own_spread);
  }
  const double count = static_cast<double>(ratios.size());
  const double seen = deviation_around(centred, 0), steps = median(own);
  const double common = std::max(0.0, seen * seen - steps * steps);
  pair.target_spread = std::sqrt((kSpreadWorth * kTargetSpreadPrior * kTargetSpreadPrior + count * common) / (kSpreadWorth + count));
  // What is left of not knowing the machine, and nights that differ.
  double nights = 0.08 * 0.08;
  if (middles.size() > 1) nights = std::max(nights, std::pow(deviation_around(middles, median(middles)), 2));
  pair.shared_spread = std::sqrt(kSharedSpreadPrior * kSharedSpreadPrior / (1 + count * count) + nights);
}

// What no observation has shown of this machine: as much slower or faster than shipped as the rest was.
void scale_unseen(PairModel& pair, const PairModel& usual, const Fitting& fitting, const EstimateModel& shipped, const std::string& name) {
  std::vector<double> logs;
  for (const TargetRatio& ratio : ratios_of(fitting, shipped, name)) logs.push_back(ratio.log_ratio);
  const double factor = std::exp(median(logs) * static_cast<double>(logs.size()) / static_cast<double>(logs.size() + 2));
  for (auto& [operation, model] : pair.operations) {
    if (usual.operations.at(operation).observed > 0 || logs.empty()) continue;
    for (auto& [term, coefficient] : model.terms) coefficient.seconds = coefficient.prior * factor;
    model.from = fmt::format("shipped, x {:.2f} as other steps", factor);
  }
}

void say_where_from(PairModel& pair, const std::map<std::string, std::set<std::string>>& runs_of, const char* where) {
  for (auto& [operation, model] : pair.operations) {
    const auto runs = runs_of.find(operation);
    if (model.observed == 0 || runs == runs_of.end()) continue;
    model.from = fmt::format("{} step{} of {}{}", model.observed, model.observed == 1 ? "" : "s", fmt::join(runs->second, ", "), where);
  }
}

std::map<std::string, std::set<std::string>> runs_by_operation(const std::vector<TargetObservation>& targets, const std::string& pair) {
  std::map<std::string, std::set<std::string>> runs;
  for (const TargetObservation& target : targets)
    for (const StepObservation& step : target.steps)
      if (!teaches_nothing(step) && (pair.empty() || step.pair == pair)) runs[step.operation].insert(target.run);
  return runs;
}

}  // namespace

EstimateModel calibrate(const std::vector<TargetObservation>& observed) {
  EstimateModel model;
  if (observed.empty()) return model;
  const EstimateModel shipped;
  std::set<std::string> pairs, runs;
  for (const TargetObservation& target : observed) {
    for (const StepObservation& step : target.steps) pairs.insert(step.pair);
    if (!target.steps.empty()) runs.insert(target.run);
  }
  Fitting fitting(observed);
  const SamplesByOperation all = samples_of(observed, "");
  for (int pass = 0; pass < kPasses; ++pass) {
    for (const auto& [operation, samples] : all)
      model.usual.operations[operation] = OperationFit(start_of(shipped.usual, operation), samples, fitting, kFromPrior).fit();
    model.pairs.clear();
    if (pairs.size() > 1)
      for (const std::string& name : pairs) {
        PairModel& pair = model.pairs[name] = model.usual;
        for (auto& [operation, known] : pair.operations) known.observed = 0;
        for (const auto& [operation, samples] : samples_of(observed, name))
          pair.operations[operation] = OperationFit(start_of(model.usual, operation), samples, fitting, kFromUsual).fit();
      }
    weigh_runs(fitting, model);
    model.contention = fitting.contention = contention_of(fitting, model, all);
  }
  scale_unseen(model.usual, model.usual, fitting, shipped, "");
  for (auto& [name, pair] : model.pairs) scale_unseen(pair, model.usual, fitting, shipped, name);
  if (pairs.size() == 1) model.pairs[*pairs.begin()] = model.usual;
  for (auto& [name, pair] : model.pairs) spreads_of(pair, fitting, model, name);
  spreads_of(model.usual, fitting, model, "");
  model.targets = model.usual.targets;
  model.runs.assign(runs.begin(), runs.end());
  for (auto& [name, pair] : model.pairs) say_where_from(pair, runs_by_operation(observed, name), "");
  // Another pair is off by about as much as pairs are off against each other.
  model.usual.shared_spread = std::hypot(model.usual.shared_spread, kFromUsual * 0.75);
  say_where_from(model.usual, runs_by_operation(observed, ""), ", of other servers");
  for (auto& [name, pair] : model.pairs)
    for (auto& [operation, known] : pair.operations)
      if (known.observed == 0) known.from = model.usual.operations.at(operation).from;
  return model;
}

}  // namespace pgconvoy
