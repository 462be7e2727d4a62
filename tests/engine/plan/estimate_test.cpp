#include "engine/plan/estimate.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "engine/plan/priors.hpp"
#include "engine/plan/random_draws.hpp"
#include "engine/plan/robust.hpp"
#include "tests/engine/plan/fake_operations.hpp"
#include "tests/engine/plan/random_fleet.hpp"

using namespace pgconvoy;
using namespace pgconvoy::testing;

namespace {

// An operation with the name of a real one, and work in proportion to what a test sets.
class Working final : public Operation {
 public:
  Working(std::string name, double& megabytes) : name_(std::move(name)), megabytes_(megabytes) {}
  std::string name() const override { return name_; }
  std::string summary() const override { return "works"; }
  Subject subject() const override { return Subject::instance; }
  Estimate estimate(const EstimateInput& input) const override {
    const double share = 1 / input.arguments.value("jobs", 1.0);
    return {99, false, {{term::kTableBytes, megabytes_ * 1e6 * share}, {term::kRelations, 20}}};
  }
  Task<Result<json>> prepare(StepContext&) override { co_return json::object(); }
  Task<Result<json>> apply(StepContext&, json) override { co_return json::object(); }
  Task<Result<Probe>> probe(StepContext&, json) override { co_return Probe{}; }
  Task<Result<std::string>> undo(StepContext&, json, json) override { co_return std::string(); }

 private:
  std::string name_;
  double& megabytes_;
};

StepPlan step_of(const std::string& operation, const std::string& subject) {
  StepPlan step;
  step.path = operation + "@" + subject;
  step.operation = operation;
  step.subject = subject;
  step.arguments = json::object();
  return step;
}

struct OneTarget {
  double megabytes = 100;
  OperationRegistry operations;
  PlannedTarget planned;

  OneTarget() {
    for (const char* name : {"backup_collected_services", "restore_backup_to_reprovisioned_services"})
      operations.add(std::make_unique<Working>(name, megabytes));
    add_fake(operations, "page_on", Subject::environment);
    add_fake(operations, "page_off", Subject::environment);
    add_fake(operations, "of_the_site", Subject::instance, {}, 7);
    planned.target.id = "shop";
    planned.target.instances = {"db"};
    planned.placements["db"] = {"old", "new", ""};
    for (const char* name : {"of_the_site", "page_on", "backup_collected_services", "restore_backup_to_reprovisioned_services", "page_off"})
      planned.steps.push_back(step_of(name, "db"));
  }
  PlannedTarget estimated(const EstimateModel& model = {}, double beside = 1) {
    PlannedTarget copy = planned;
    estimate(copy, operations, TargetFacts{}, model, beside);
    return copy;
  }
};

}  // namespace

TEST_CASE("estimate: a step is the sum of its terms, whatever the operation says where the priors know it") {
  OneTarget target;
  const PlannedTarget planned = target.estimated();
  const EstimateModel model;
  const auto& terms = model.usual.operations.at("backup_collected_services").terms;
  const double expected = terms.at("fixed").seconds + 20 * terms.at("relations").seconds + 1e8 * terms.at("table_bytes").seconds;
  CHECK(planned.steps[2].seconds == Approx(expected));
  CHECK(planned.steps[2].work == WorkByTerm{{"fixed", 1}, {"relations", 20}, {"table_bytes", 1e8}});
  // What the priors don't know is believed, with a spread of its own.
  CHECK(planned.steps[0].seconds == Approx(7));
  CHECK(planned.steps[0].work == WorkByTerm{{"own_estimate", 7}});
  CHECK(planned.steps[0].seconds_p90 > 7);
}

TEST_CASE("estimate: paused is what comes after the first page on up to the last page off") {
  OneTarget target;
  const PlannedTarget planned = target.estimated();
  CHECK_FALSE(planned.steps[0].while_paused);
  CHECK_FALSE(planned.steps[1].while_paused);
  CHECK(planned.steps[2].while_paused);
  CHECK(planned.steps[4].while_paused);
  const double steps = planned.steps[2].seconds + planned.steps[3].seconds + planned.steps[4].seconds;
  CHECK(planned.paused_seconds > steps);
  CHECK(planned.paused_seconds < steps * 1.1);
  CHECK(planned.seconds > planned.paused_seconds + 6);
}

TEST_CASE("estimate: of random models and sizes it grows with the size, and p90 is never below the middle") {
  SmallRandom random(7);
  for (int round = 0; round < 200; ++round) {
    EstimateModel model;
    for (auto& [name, operation] : model.usual.operations) {
      for (auto& [term, coefficient] : operation.terms) coefficient.seconds *= std::exp((static_cast<double>(random.below(2000)) - 1000) / 500);
      operation.spread = static_cast<double>(random.below(800)) / 1000;
    }
    model.usual.target_spread = static_cast<double>(random.below(500)) / 1000;
    model.usual.shared_spread = static_cast<double>(random.below(500)) / 1000;
    model.contention = static_cast<double>(random.below(1000)) / 1000;
    OneTarget target;
    double before = 0, paused_before = 0;
    for (const double megabytes : {0.0, 1.0, 8.0, 100.0, 2000.0, 50000.0}) {
      target.megabytes = megabytes;
      const PlannedTarget planned = target.estimated(model, 1 + static_cast<double>(random.below(1)));
      CHECK(planned.seconds > before);
      CHECK(planned.paused_seconds > paused_before);
      CHECK(planned.seconds_p90 >= planned.seconds);
      CHECK(planned.paused_p90 >= planned.paused_seconds);
      for (const StepPlan& step : planned.steps) CHECK(step.seconds_p90 >= step.seconds);
      before = planned.seconds;
      paused_before = planned.paused_seconds;
      CHECK(target.estimated(model, 4).seconds >= target.estimated(model, 2).seconds);
    }
  }
}

TEST_CASE("estimate: the sum of steps has the quantiles that drawing them gives") {
  const std::vector<Foretold> steps{{10, 0.2}, {4, 0.4}, {30, 0.3}, {0.5, 0.8}};
  for (const double common : {0.0, 0.15, 0.5}) {
    const Foretold sum = sum_of(steps, common);
    RandomDraws draws(11);
    std::vector<double> totals;
    for (int i = 0; i < 40000; ++i) {
      const double target = common * draws.normal();
      double total = 0;
      for (const Foretold& step : steps) total += step.seconds * std::exp(target + step.spread * draws.normal());
      totals.push_back(total);
    }
    CHECK(sum.seconds == Approx(median(totals)).epsilon(0.03));
    CHECK(p90_of(sum.seconds, sum.spread) == Approx(quantile(totals, 0.9)).epsilon(0.03));
  }
  CHECK(sum_of({}, 0.2).seconds == 0);
}

TEST_CASE("estimate: normal quantiles and their inverse") {
  CHECK(normal_quantile(0.5) == Approx(0).margin(1e-9));
  CHECK(normal_quantile(0.9) == Approx(kP90).epsilon(1e-6));
  for (const double share : {1e-6, 0.01, 0.3, 0.77, 0.999, 1 - 1e-6}) CHECK(normal_share(normal_quantile(share)) == Approx(share).epsilon(1e-6));
}

TEST_CASE("estimate: how many are in flight in a region is bounded by its limit, what it has, and its share of all") {
  Plan plan;
  for (const char* region : {"a", "b", "c"}) plan.fleet.regions[region].id = region;
  plan.fleet.regions["b"].concurrency = 6;
  plan.options.concurrency = 100;
  plan.options.concurrency_per_region = 3;
  for (const auto& [region, targets] : std::map<std::string, int>{{"a", 10}, {"b", 10}, {"c", 1}})
    for (int i = 0; i < targets; ++i) {
      PlannedTarget planned;
      planned.target.region = region;
      plan.targets.push_back(planned);
    }
  CHECK(targets_beside(plan) == std::map<std::string, double>{{"a", 3}, {"b", 6}, {"c", 1}});
  plan.options.concurrency = 5;
  CHECK(targets_beside(plan) == std::map<std::string, double>{{"a", 1.5}, {"b", 3}, {"c", 1}});
}
