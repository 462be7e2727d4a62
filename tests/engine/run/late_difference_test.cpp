// What a run does when contents are found different once the application is let in.
#include "engine/plan/verification.hpp"
#include "tests/engine/run/fake_world.hpp"

using namespace pgconvoy;
using namespace pgconvoy::test;
using Catch::Contains;

namespace {

const std::vector<std::string> kMove{"page_on", "redeploy", "page_off", kLateVerification, "close_source"};

Error found_late() { return Error(ErrorKind::corrupt, "the new database is not equal to the old one: rows public.a"); }

FakeWorld& with_difference(FakeWorld& world) {
  world.scripts["redeploy"].pivots = true;
  world.scripts[kLateVerification].fails = {found_late()};
  world.plan.options.max_failures = "100%";
  return world;
}

}  // namespace

TEST_CASE("late difference: nothing is undone, the target is stuck, and the run begins no other whatever its budget") {
  FakeWorld made(kMove, 3);
  FakeWorld& world = with_difference(made);
  CHECK(world.ended(world.forward()) == RunState::halted);
  CHECK(world.calls == Calls{"apply page_on", "apply redeploy", "apply page_off", "apply verify_after_pivot"});
  const TargetRecord target = world.target();
  CHECK(target.state == TargetState::stuck);
  CHECK_FALSE(target.reason.value("page_is_on", true));
  CHECK_THAT(target.reason.value("ways_out", json()).dump(), Contains("pgconvoy accept r1 shop-1") && Contains("--accept-data-loss"));
  CHECK(world.state(2) == TargetState::pending);
  CHECK(world.state(3) == TargetState::pending);
  std::string waits;
  for (const Event& event : world.heard.events)
    if (event.kind == EventKind::run_waits) waits = event.data.dump();
  CHECK_THAT(waits, Contains("shop-1 was found different"));
}

TEST_CASE("late difference: limits that are set meanwhile don't let the run go on, whoever resumes it does") {
  FakeWorld made(kMove, 2);
  FakeWorld& world = with_difference(made);
  CHECK(world.ended(world.forward(), [&](Runner& runner, const Event& event) {
          if (event.kind != EventKind::step_failed) return;
          Event word;
          word.run = world.run_id();
          word.kind = EventKind::limits_set;
          word.at = world.clock.now;
          word.data = {{"changes", {{"max-failures", "9"}}}};
          runner.hear(word);
        }) == RunState::halted);
  CHECK(world.state(2) == TargetState::pending);
  CHECK(world.ended(world.forward()) == RunState::finished_with_failures);  // it has been seen
  CHECK(world.state(2) == TargetState::succeeded);
}

TEST_CASE("late difference: looking again can't make it right, and says the same") {
  FakeWorld made(kMove, 1);
  FakeWorld& world = with_difference(made);
  (void)world.ended(world.forward());
  world.scripts[kLateVerification].sees = {Probe::Verdict::unknown};
  (void)world.ended(world.again());
  CHECK(world.calls == Calls{"probe verify_after_pivot"});
  CHECK(world.state() == TargetState::stuck);
  CHECK_THAT(world.target().reason.value("reason", ""), Contains("rows public.a"));
  CHECK_THAT(world.target().reason.value("ways_out", json()).dump(), Contains("pgconvoy accept"));
}

TEST_CASE("late difference: any other failure of the step is tried again like housekeeping, and stops nothing") {
  FakeWorld world(kMove, 2);
  world.scripts["redeploy"].pivots = true;
  world.scripts[kLateVerification].fails = {passing()};
  world.plan.options.max_failures = "100%";
  CHECK(world.ended(world.forward()) == RunState::succeeded);
}
