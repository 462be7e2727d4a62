#include "engine/plan/estimate.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "engine/plan/priors.hpp"
#include "engine/plan/run_settings.hpp"

namespace pgconvoy {
namespace {

// Of an operation that the table doesn't know: its own word counts, and nobody has checked it.
constexpr double kUnknownSpread = 0.4;

const OperationModel& unknown_operation() {
  static const OperationModel model{{{term::kOwnEstimate, {1, 1}}}, kUnknownSpread, 0, "its own estimate"};
  return model;
}

bool is_known(const std::string& operation) {
  const auto& all = priors();
  return std::any_of(all.begin(), all.end(), [&](const Prior& prior) { return prior.operation == operation; });
}

}  // namespace

EstimateModel::EstimateModel() {
  for (const Prior& prior : priors()) {
    OperationModel& operation = usual.operations[prior.operation];
    operation.spread = prior.spread;
    for (const PriorTerm& each : prior.terms) operation.terms[each.term] = {each.seconds, each.seconds};
  }
  usual.target_spread = kTargetSpreadPrior;
  usual.shared_spread = kSharedSpreadPrior;
  contention = kContentionPrior;
}

const PairModel& EstimateModel::of(const std::string& pair) const {
  const auto found = pairs.find(pair);
  return found == pairs.end() ? usual : found->second;
}

std::string pair_name(const Placement& placement) { return placement.source_server + " -> " + placement.target_server; }

std::string pair_of(const PlannedTarget& planned, const std::string& subject) {
  if (planned.placements.empty()) return "";
  const auto own = planned.placements.find(subject);
  return pair_name((own == planned.placements.end() ? planned.placements.begin() : own)->second);
}

WorkByTerm work_of(const std::string& operation, const Estimate& estimate) {
  if (!is_known(operation)) return {{term::kOwnEstimate, estimate.seconds}};
  WorkByTerm work{{term::kFixed, 1}};
  for (const Work& each : estimate.work)
    if (each.term == std::string_view(term::kNothing)) return {{term::kFixed, 0}};
  for (const Work& each : estimate.work)
    if (each.amount > 0) work[each.term] += each.amount;
  return work;
}

Foretold foretell(const PairModel& model, const std::string& operation, const WorkByTerm& work) {
  const auto found = model.operations.find(operation);
  const OperationModel& known = found == model.operations.end() ? unknown_operation() : found->second;
  Foretold result{0, known.spread};
  for (const auto& [name, amount] : work)
    if (const auto coefficient = known.terms.find(name); coefficient != known.terms.end())
      result.seconds += coefficient->second.seconds * amount;
  return result;
}

Foretold sum_of(const std::vector<Foretold>& steps, double common) {
  const double shared = std::exp(common * common);
  double mean = 0, variance = 0;
  for (const Foretold& step : steps) {
    const double square = common * common + step.spread * step.spread;
    const double expected = step.seconds * std::exp(square / 2);
    mean += expected;
    variance += expected * expected * (std::exp(square) - shared);
  }
  if (mean <= 0) return {};
  variance += mean * mean * (shared - 1);
  const double ratio = 1 + variance / (mean * mean);
  return {mean / std::sqrt(ratio), std::sqrt(std::log(ratio))};
}

WorkByTerm facts_work(const PlannedTarget& planned) {
  return {{term::kFixed, 1}, {term::kDatabases, static_cast<double>(planned.placements.size())}};
}

WorkByTerm between_work(int steps) { return {{term::kSteps, static_cast<double>(steps)}}; }

double p90_of(double seconds, double spread) { return seconds * std::exp(kP90 * spread); }

std::map<std::string, double> targets_beside(const Plan& plan) {
  std::map<std::string, double> beside;
  for (const PlannedTarget& planned : plan.targets) beside[planned.target.region] += 1;
  const Limits limits = limits_of(plan.options, plan.fleet);
  double all = 0;
  for (auto& [region, targets] : beside) {
    const auto own = limits.of_region.find(region);
    targets = std::max(1.0, std::min<double>(targets, own == limits.of_region.end() ? limits.per_region : own->second));
    all += targets;
  }
  if (all > limits.overall)
    for (auto& [region, targets] : beside) targets = std::max(1.0, targets * limits.overall / all);
  return beside;
}

void estimate(PlannedTarget& planned, const OperationRegistry& operations, const TargetFacts& facts, const EstimateModel& model,
              double beside) {
  const double slower = std::pow(std::max(1.0, beside), model.contention);
  std::vector<Foretold> all, paused;
  int pages = 0, steps_paused = 0;  // pages that are on: one for each environment
  for (StepPlan& step : planned.steps) {
    const Operation* operation = operations.find(step.operation);
    if (!operation) throw std::logic_error("estimate: there is no operation " + step.operation);
    const PairModel& pair = model.of(pair_of(planned, step.subject));
    step.work = work_of(step.operation, operation->estimate({facts, step.subject, step.arguments, planned.way}));
    Foretold foretold = foretell(pair, step.operation, step.work);
    foretold.seconds *= slower;
    step.seconds = foretold.seconds;
    step.seconds_p90 = p90_of(foretold.seconds, std::hypot(foretold.spread, pair.target_spread, pair.shared_spread));
    step.while_paused = pages > 0;
    if (step.operation == "page_on") ++pages;
    if (step.operation == "page_off") --pages;
    all.push_back(foretold);
    if (!step.while_paused) continue;
    paused.push_back(foretold);
    ++steps_paused;
  }
  const PairModel& pair = model.of(pair_of(planned, ""));
  const auto beside_steps = [&](const char* operation, const WorkByTerm& work) {
    Foretold foretold = foretell(pair, operation, work);
    foretold.seconds *= slower;
    return foretold;
  };
  all.push_back(beside_steps(kFactsOfTarget, facts_work(planned)));
  all.push_back(beside_steps(kBetweenSteps, between_work(static_cast<int>(planned.steps.size()))));
  if (steps_paused > 0) paused.push_back(beside_steps(kBetweenSteps, between_work(steps_paused)));
  const Foretold total = sum_of(all, pair.target_spread), pause = sum_of(paused, pair.target_spread);
  planned.seconds = total.seconds;
  planned.paused_seconds = pause.seconds;
  planned.spread = total.spread;
  planned.shared_spread = pair.shared_spread;
  planned.seconds_p90 = p90_of(total.seconds, std::hypot(total.spread, pair.shared_spread));
  planned.paused_p90 = p90_of(pause.seconds, std::hypot(pause.spread, pair.shared_spread));
  planned.beside = std::max(1.0, beside);
}

}  // namespace pgconvoy
