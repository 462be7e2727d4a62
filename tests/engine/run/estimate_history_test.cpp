#include "engine/run/estimate_history.hpp"

#include "engine/plan/priors.hpp"
#include "tests/engine/run/fake_world.hpp"

using namespace pgconvoy;
using namespace pgconvoy::test;

namespace {

TargetRecord between(const std::string& region, int from, int until) {
  TargetRecord record;
  record.region = region;
  record.started = noon() + std::chrono::seconds(from);
  record.ended = noon() + std::chrono::seconds(until);
  return record;
}

FakeWorld& with_work(FakeWorld& world) {
  for (PlannedTarget& planned : world.plan.targets)
    for (StepPlan& step : planned.steps) step.work = {{"own_estimate", 1.0}};
  for (auto& [name, script] : world.scripts)
    script.during = [&world](StepContext&) { world.clock.now += std::chrono::seconds(3); };
  return world;
}

}  // namespace

TEST_CASE("history: a step's seconds, its work and its servers; and what the target took beside them") {
  FakeWorld world({"a", "b"}, 2);
  CHECK(with_work(world).ended(world.forward()) == RunState::succeeded);
  const auto observed = read_estimate_history(*world.journal);
  REQUIRE(observed);
  REQUIRE(observed->size() == 2);
  const TargetObservation& target = observed->front();
  CHECK(target.run == "r1");
  CHECK(target.beside == 1);
  REQUIRE(target.steps.size() == 4);
  CHECK(target.steps[0].operation == "a");
  CHECK(target.steps[0].pair.empty());
  CHECK(target.steps[0].seconds == Approx(3));
  CHECK(target.steps[2].operation == kFactsOfTarget);
  CHECK(target.steps[3].operation == kBetweenSteps);
  CHECK(target.steps[3].seconds == Approx(0.001));
  // What was learnt from it: three times as long as it said itself.
  const EstimateModel learnt = calibrate(*observed);
  CHECK(learnt.targets == 2);
  CHECK(foretell(learnt.of(""), "a", {{"own_estimate", 1}}).seconds > 1.5);
  // The servers are those of the step's database.
  PlannedTarget planned = world.plan.targets[0];
  planned.placements = {{"db", {"old", "new", ""}}, {"shop-1", {"old2", "new2", ""}}};
  CHECK(observe("r1", planned, world.target(), 3).steps[0].pair == "old2 -> new2");
  CHECK(observe("r1", planned, world.target(), 3).beside == 3);
}

TEST_CASE("history: a step that was tried twice, a target that was taken up again, and plans without work show nothing") {
  FakeWorld world({"a"}, 2);
  with_work(world).scripts["a"].fails = {passing()};
  CHECK(world.ended(world.forward()) == RunState::succeeded);
  CHECK(read_estimate_history(*world.journal)->size() == 1);

  FakeWorld old({"a"}, 1);
  CHECK(old.ended(old.forward()) == RunState::succeeded);
  CHECK(read_estimate_history(*old.journal)->empty());

  FakeWorld resumed({"a", "b"}, 1);
  with_work(resumed).scripts["b"].throws = true;
  CHECK_FALSE(resumed.carry_out(resumed.forward()));
  resumed.scripts["b"].throws = false;
  CHECK(resumed.ended(resumed.forward()) == RunState::succeeded);
  CHECK(read_estimate_history(*resumed.journal)->empty());
}

TEST_CASE("history: the newest runs, and of a large one targets from all over it") {
  FakeWorld world({"a"}, 30);
  CHECK(with_work(world).ended(world.forward()) == RunState::succeeded);
  const auto few = read_estimate_history(*world.journal, {8, 5});
  REQUIRE(few);
  CHECK(few->size() == 5);
  CHECK(read_estimate_history(*world.journal, {0, 5})->empty());
}

TEST_CASE("history: how many were beside a target is an average over its time") {
  const TargetRecord own = between("eu", 0, 10);
  CHECK(average_beside(own, {own}) == Approx(1));
  CHECK(average_beside(own, {own, between("eu", 0, 10), between("us", 0, 10)}) == Approx(2));
  CHECK(average_beside(own, {own, between("eu", 5, 50), between("eu", -20, 1)}) == Approx(1.6));
}
