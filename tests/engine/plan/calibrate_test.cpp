#include "engine/plan/calibrate.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "engine/plan/priors.hpp"
#include "engine/plan/random_draws.hpp"
#include "engine/plan/robust.hpp"

using namespace pgconvoy;

namespace {

// A machine as it is: what the journal would say of targets on it.
struct Machine {
  std::string pair = "old -> new";
  double bytes_per_second = 20e6, index_bytes_per_second = 30e6, fixed = 1.2, contention = 0.4;
  double spread = 0.1, target_spread = 0.08;
  int wild_each = 0;        // every n-th target takes ten times as long
  double night = 1;         // how much slower everything is
  RandomDraws draws{42};

  TargetObservation observe(const std::string& run, int number, double beside = 2) {
    const double bytes = 8e6 * std::exp(2.3 * std::abs(draws.normal()));
    const double common = std::exp(target_spread * draws.normal()) * night * std::pow(beside, contention);
    const double wild = wild_each > 0 && number % wild_each == 0 ? 10 : 1;
    const auto noisy = [&](double seconds) { return seconds * common * wild * std::exp(spread * draws.normal()); };
    TargetObservation target{run, beside, {}};
    target.steps.push_back({"backup_collected_services", pair, {{"fixed", 1}, {"relations", 40}, {"table_bytes", bytes}}, noisy(fixed / 2 + bytes / bytes_per_second)});
    target.steps.push_back({"restore_backup_to_reprovisioned_services", pair,
                            {{"fixed", 1}, {"relations", 40}, {"table_bytes", bytes}, {"index_bytes", bytes / 2}},
                            noisy(fixed + bytes / bytes_per_second + bytes / 2 / index_bytes_per_second)});
    target.steps.push_back({"page_on", pair, {{"fixed", 1}}, noisy(0.02)});
    return target;
  }
  std::vector<TargetObservation> observe_many(const std::string& run, int count, double beside = 2) {
    std::vector<TargetObservation> targets;
    for (int number = 1; number <= count; ++number) targets.push_back(observe(run, number, beside));
    return targets;
  }
};

double seconds_of(const EstimateModel& model, const TargetObservation& target) {
  std::vector<Foretold> steps;
  for (const StepObservation& step : target.steps) steps.push_back(foretell(model.of(step.pair), step.operation, step.work));
  return sum_of(steps, model.of(target.steps[0].pair).target_spread).seconds * std::pow(target.beside, model.contention);
}

double actual_of(const TargetObservation& target) {
  double sum = 0;
  for (const StepObservation& step : target.steps) sum += step.seconds;
  return sum;
}

struct Tested {
  double error = 0, covered = 0;
};

// On targets that it hasn't seen.
Tested test_on(const EstimateModel& model, Machine machine, int count = 300) {
  machine.wild_each = 0;
  machine.night = 1;
  machine.draws = RandomDraws(4711);
  std::vector<double> errors;
  int within = 0;
  for (int number = 1; number <= count; ++number) {
    const TargetObservation target = machine.observe("later", number);
    std::vector<Foretold> steps;
    for (const StepObservation& step : target.steps) steps.push_back(foretell(model.of(step.pair), step.operation, step.work));
    const PairModel& pair = model.of(machine.pair);
    const Foretold sum = sum_of(steps, pair.target_spread);
    const double middle = sum.seconds * std::pow(target.beside, model.contention);
    errors.push_back(std::abs(middle / actual_of(target) - 1));
    within += actual_of(target) <= p90_of(middle, std::hypot(sum.spread, pair.shared_spread));
  }
  return {median(errors), within / static_cast<double>(count)};
}

void add(std::vector<TargetObservation>& all, std::vector<TargetObservation> more) { all.insert(all.end(), more.begin(), more.end()); }

}  // namespace

TEST_CASE("calibrate: nothing observed is what was shipped") {
  const EstimateModel learnt = calibrate({}), shipped;
  CHECK(learnt.targets == 0);
  CHECK(learnt.usual.operations.at("page_on").terms.at("fixed").seconds == shipped.usual.operations.at("page_on").terms.at("fixed").seconds);
  CHECK(learnt.of("old -> new").shared_spread == kSharedSpreadPrior);
}

TEST_CASE("calibrate: ten targets of a machine unlike the shipped one are enough for others on it") {
  for (const std::uint64_t seed : {1U, 2U, 3U, 4U, 5U}) {
    Machine machine;
    machine.draws = RandomDraws(seed);
    const EstimateModel learnt = calibrate(machine.observe_many("r1", 10));
    CHECK(learnt.targets == 10);
    CHECK(learnt.runs == std::vector<std::string>{"r1"});
    const Tested before = test_on(EstimateModel(), machine), after = test_on(learnt, machine);
    INFO("seed " << seed << ": " << before.error << " -> " << after.error << ", covered " << after.covered);
    CHECK(after.error < 0.15);
    CHECK(after.error < before.error / 2);
    CHECK(after.covered > 0.8);
    CHECK(learnt.of(machine.pair).operations.at("backup_collected_services").from == "10 steps of r1");
  }
}

TEST_CASE("calibrate: with many targets coefficients come to what they are, wild ones among them or not") {
  for (const int wild_each : {0, 8}) {
    Machine machine;
    machine.wild_each = wild_each;
    const EstimateModel learnt = calibrate(machine.observe_many("r1", 240));
    const auto& backup = learnt.of(machine.pair).operations.at("backup_collected_services");
    INFO("wild: every " << wild_each);
    // Contention is known from elsewhere here: all had as many beside them.
    const double scale = std::pow(2, learnt.contention - machine.contention);
    CHECK(1 / (backup.terms.at("table_bytes").seconds * scale) == Approx(machine.bytes_per_second).epsilon(0.12));
    const Tested tested = test_on(learnt, machine);
    CHECK(tested.error < 0.12);
    CHECK(tested.covered > 0.82);
    CHECK(tested.covered < 0.985);
    CHECK(backup.spread < 0.25);
  }
}

TEST_CASE("calibrate: one target moves the estimate, and less than many do") {
  Machine machine;
  machine.bytes_per_second = 5e6;
  const double shipped = test_on(EstimateModel(), machine).error;
  const double one = test_on(calibrate(machine.observe_many("r1", 1)), machine).error;
  const double many = test_on(calibrate(machine.observe_many("r1", 40)), machine).error;
  CHECK(one < shipped);
  CHECK(many < one);
  CHECK(calibrate(machine.observe_many("r1", 1)).of(machine.pair).shared_spread > calibrate(machine.observe_many("r1", 40)).of(machine.pair).shared_spread);
}

TEST_CASE("calibrate: a slow night among ordinary ones is not believed") {
  Machine machine;
  std::vector<TargetObservation> all;
  for (const char* run : {"r1", "r2", "r4"}) add(all, machine.observe_many(run, 12));
  machine.night = 3;
  add(all, machine.observe_many("r3", 12));
  const EstimateModel learnt = calibrate(all);
  CHECK(test_on(learnt, machine).error < 0.2);
  // That nights differ is known from now on.
  CHECK(learnt.of(machine.pair).shared_spread > 0.05);
}

TEST_CASE("calibrate: pairs of servers are told apart, and what one has too little of is taken from the other") {
  Machine slow, fast;
  fast.pair = "old2 -> new2";
  fast.bytes_per_second = 150e6;
  fast.index_bytes_per_second = 150e6;
  std::vector<TargetObservation> all = slow.observe_many("r1", 30);
  add(all, fast.observe_many("r1", 30));
  const EstimateModel learnt = calibrate(all);
  CHECK(test_on(learnt, slow).error < 0.15);
  CHECK(test_on(learnt, fast).error < 0.15);
  CHECK(learnt.of("old3 -> new3").shared_spread > learnt.of(slow.pair).shared_spread);
  CHECK(learnt.of("old3 -> new3").operations.at("page_on").from == "60 steps of r1, of other servers");
}

TEST_CASE("calibrate: contention is learnt from targets with different numbers beside them, and only from them") {
  Machine machine;
  machine.contention = 0.8;
  std::vector<TargetObservation> all = machine.observe_many("r1", 60, 2);
  CHECK(calibrate(all).contention == Approx(kContentionPrior).margin(0.02));
  add(all, machine.observe_many("r2", 60, 8));
  add(all, machine.observe_many("r3", 60, 1));
  CHECK(calibrate(all).contention == Approx(0.8).margin(0.1));
}

TEST_CASE("calibrate: the order of observations makes no difference, and empty ones none at all") {
  Machine machine;
  std::vector<TargetObservation> all = machine.observe_many("r1", 20);
  const EstimateModel one = calibrate(all);
  const TargetObservation probe = machine.observe("later", 1);
  std::reverse(all.begin(), all.end());
  all.push_back({"r1", 1, {{"page_on", "old -> new", {}, 5}, {"page_on", "old -> new", {{"fixed", 1}}, 0}}});
  CHECK(seconds_of(calibrate(all), probe) == Approx(seconds_of(one, probe)).epsilon(1e-6));
}

TEST_CASE("robust: medians, quantiles and weights") {
  CHECK(median({}) == 0);
  CHECK(median({3, 1, 2}) == 2);
  CHECK(median({4, 1, 2, 3}) == 2.5);
  CHECK(quantile({1, 2, 3, 4, 5}, 0.9) == Approx(4.6));
  CHECK(deviation_around({-1, 1, -1, 1, 100}, 0) == Approx(1.4826));
  CHECK(weight_of(1, 1) == 1);
  CHECK(weight_of(3, 1) == 0.5);
  CHECK(weight_of(-5, 1) == 0);
  CHECK(solve({{4, 1}, {1, 3}}, {1, 2})[1] == Approx(7.0 / 11));
}

TEST_CASE("calibrate: what no observation shows is taken to be as slow or fast as the rest") {
  Machine machine;
  std::vector<TargetObservation> all = machine.observe_many("r1", 20);
  for (TargetObservation& target : all)
    for (StepObservation& step : target.steps) step.seconds *= 3;
  const EstimateModel shipped, learnt = calibrate(all);
  const WorkByTerm work{{"fixed", 1}, {"relations", 40}, {"table_bytes", 1e9}};
  const double before = foretell(shipped.usual, "verify_restored_services", work).seconds;
  const double after = foretell(learnt.of(machine.pair), "verify_restored_services", work).seconds;
  CHECK(after > 2.5 * before);
  CHECK(learnt.of(machine.pair).operations.at("verify_restored_services").from.find("as other steps") != std::string::npos);
}

TEST_CASE("calibrate: a step that found nothing to do teaches nothing of those that do") {
  Machine machine;
  std::vector<TargetObservation> all = machine.observe_many("r1", 20);
  for (TargetObservation& target : all) target.steps.push_back({"redeploy", machine.pair, {{"fixed", 0}}, 0.001});
  all[0].steps.back() = {"redeploy", machine.pair, {{"fixed", 1}}, 3};
  const EstimateModel learnt = calibrate(all);
  const PairModel& pair = learnt.of(machine.pair);
  CHECK(pair.operations.at("redeploy").observed == 1);
  CHECK(foretell(pair, "redeploy", {{"fixed", 1}}).seconds > 1);
  CHECK(foretell(pair, "redeploy", {{"fixed", 0}}).seconds == 0);
}
