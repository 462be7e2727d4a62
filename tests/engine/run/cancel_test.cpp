// A run that is told to stop, to pause or to cancel, and a pause that lasts too long.
#include "tests/engine/run/fake_world.hpp"

using namespace pgconvoy;
using namespace pgconvoy::test;

namespace {

// Does it when that step has been started.
std::function<void(Runner&, const Event&)> when_started(const std::string& path, std::function<void(Runner&)> what) {
  return [path, what](Runner& runner, const Event& event) {
    if (event.kind == EventKind::step_started && event.step == path) what(runner);
  };
}

void leave(Runner& runner) { runner.cancel(CancelMode::leave); }
void take_back(Runner& runner) { runner.cancel(CancelMode::rollback); }

// page_on, and a later step during which time goes by.
FakeWorld& paused_for(FakeWorld& world, const std::string& during, Seconds how_long) {
  for (PlannedTarget& planned : world.plan.targets)
    for (StepPlan& step : planned.steps)
      if (step.operation == "page_on") step.arguments["max_pause"] = 10.0;
  world.scripts[during].during = [&world, how_long](StepContext&) {
    world.clock.now += std::chrono::duration_cast<std::chrono::system_clock::duration>(how_long);
  };
  return world;
}

}  // namespace

TEST_CASE("cancel --leave: what is in flight goes on to its end, the rest is never started") {
  FakeWorld world({"a", "b"}, 3);
  CHECK(world.ended(world.forward(), when_started("a@shop-1", leave)) == RunState::cancelled);
  CHECK(world.calls == Calls{"apply a", "apply b"});
  CHECK(world.state(1) == TargetState::succeeded);
  CHECK(world.state(2) == TargetState::skipped);
  CHECK(world.state(3) == TargetState::skipped);
}

TEST_CASE("cancel --rollback: the step in flight is interrupted and all is undone") {
  FakeWorld world({"a", "b", "c"}, 2);
  world.scripts["b"].hangs = true;
  bool begun = false;
  // When its program runs: the word comes from the loop, as from another process.
  world.scripts["b"].during = [&](StepContext&) { begun = true; };
  const auto began = std::chrono::steady_clock::now();
  CHECK(world.ended(world.forward(), when_started("b@shop-1", [&](Runner& runner) {
          asio::post(world.loop, [&runner, &world] {
            asio::post(world.loop, [&runner] { take_back(runner); });
          });
        })) == RunState::cancelled);
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(30));
  CHECK(world.state(1) == TargetState::rolled_back);
  CHECK(world.state(2) == TargetState::skipped);
  const Calls undone{"undo unfinished b", "undo a"};
  REQUIRE(world.calls.size() >= 2);
  CHECK(Calls(world.calls.end() - 2, world.calls.end()) == undone);
  CHECK(world.target(1).reason["error"]["kind"] == "cancelled");
}

TEST_CASE("cancel --rollback: before the first step nothing is begun") {
  FakeWorld world({"a"});
  CHECK(world.ended(world.forward(), [](Runner& runner, const Event& event) {
          if (event.kind == EventKind::target_claimed) take_back(runner);
        }) == RunState::cancelled);
  CHECK(world.calls.empty());
  CHECK(world.state() == TargetState::skipped);
}

TEST_CASE("cancel --rollback: what has pivoted goes forward") {
  FakeWorld world({"a", "pivot", "c"});
  world.scripts["pivot"].pivots = true;
  CHECK(world.ended(world.forward(), when_started("pivot@shop-1", take_back)) == RunState::cancelled);
  CHECK(world.calls == Calls{"apply a", "apply pivot", "apply c"});
  CHECK(world.state() == TargetState::succeeded);
}

TEST_CASE("cancel: a rollback may follow a leave, and no leave a rollback") {
  FakeWorld world({"a", "b", "c"});
  CHECK(world.ended(world.forward(), when_started("b@shop-1", [](Runner& runner) {
          leave(runner);
          take_back(runner);
          leave(runner);
        })) == RunState::cancelled);
  CHECK(world.state() == TargetState::rolled_back);
}

TEST_CASE("cancel: a rollback of several targets ends with the one in flight; the others stay as they were") {
  for (const CancelMode mode : {CancelMode::leave, CancelMode::rollback}) {
    FakeWorld world({"a", "b"}, 3);
    CHECK(world.ended(world.forward()) == RunState::succeeded);
    CHECK(world.ended(world.back(), [mode](Runner& runner, const Event& event) {
            if (event.kind == EventKind::undo_started && event.step == "b@shop-1") runner.cancel(mode);
          }) == RunState::cancelled);
    CHECK(world.calls == Calls{"undo b", "undo a"});
    CHECK(world.state(1) == TargetState::rolled_back);
    CHECK(world.state(2) == TargetState::succeeded);
    CHECK(world.state(3) == TargetState::succeeded);
  }
}

TEST_CASE("cancel: a retry of several targets leaves those that it had not begun as they had ended") {
  FakeWorld world({"a", "b", "c"}, 3);
  world.plan.options.max_failures = "100%";
  world.scripts["b"].fails = std::deque<Error>(3, lasting());
  CHECK(world.ended(world.forward()) == RunState::finished_with_failures);
  CHECK(world.ended(world.again(), when_started("a@shop-1", leave)) == RunState::cancelled);
  CHECK(world.state(1) == TargetState::succeeded);
  CHECK(world.state(2) == TargetState::rolled_back);

  CHECK(world.ended(world.again(), when_started("b@shop-2", take_back)) == RunState::cancelled);
  CHECK(world.state(1) == TargetState::succeeded);
  CHECK(world.state(2) == TargetState::rolled_back);
  CHECK(world.state(3) == TargetState::rolled_back);
}

TEST_CASE("stop and pause: what is in flight finishes, the rest waits for a resume") {
  for (const bool by_signal : {true, false}) {
    FakeWorld world({"a", "b"}, 2);
    CHECK(world.ended(world.forward(), when_started("a@shop-1", [by_signal](Runner& runner) {
            by_signal ? runner.stop() : runner.pause();
          })) == RunState::halted);
    CHECK(world.state(1) == TargetState::succeeded);
    CHECK(world.state(2) == TargetState::pending);
    CHECK(world.ended(world.forward()) == RunState::succeeded);
  }
}

TEST_CASE("max_pause: past it and before the pivot the target is undone") {
  FakeWorld world({"page_on", "b", "c"});
  (void)paused_for(world, "b", Seconds(11)).ended(world.forward());
  CHECK(world.calls == Calls{"apply page_on", "apply b", "undo b", "undo page_on"});
  CHECK(world.state() == TargetState::rolled_back);
  CHECK(world.target().reason["error"]["message"] == "paused for 11.0 s, more than max_pause of 10.0 s");

  FakeWorld short_enough({"page_on", "b", "c"});
  CHECK(paused_for(short_enough, "b", Seconds(9)).ended(short_enough.forward()) == RunState::succeeded);
}

TEST_CASE("max_pause: is the shortest downtime budget when nothing else is said") {
  FakeWorld world({"page_on", "b", "c"});
  paused_for(world, "b", Seconds(11)).plan.targets[0].steps[0].arguments = json::object();
  world.plan.fleet.environments["shop-1"].downtime_budget = Seconds(5);
  (void)world.ended(world.forward());
  CHECK(world.state() == TargetState::rolled_back);

  FakeWorld unlimited({"page_on", "b", "c"});
  paused_for(unlimited, "b", Seconds(1e6)).plan.targets[0].steps[0].arguments = json::object();
  CHECK(unlimited.ended(unlimited.forward()) == RunState::succeeded);
}

TEST_CASE("max_pause: a step is told what is left, and isn't tried again when nothing is") {
  FakeWorld world({"page_on", "b", "c", "d"});
  paused_for(world, "b", Seconds(4));
  std::optional<Seconds> left;
  world.scripts["c"].during = [&](StepContext& context) {
    left = context.time_left;
    world.clock.now += std::chrono::seconds(7);
  };
  world.scripts["c"].fails = {passing()};
  (void)world.ended(world.forward());
  CHECK(left == Seconds(6));
  CHECK(world.calls == Calls{"apply page_on", "apply b", "apply c", "undo unfinished c", "undo b", "undo page_on"});
}

TEST_CASE("max_pause: with the pause over nobody asks what became of a call, the target is taken back") {
  FakeWorld world({"page_on", "b"});
  Error lost(ErrorKind::timeout, "no answer");
  lost.outcome_unknown = true;
  paused_for(world, "b", Seconds(11)).scripts["b"].fails = {lost};
  world.scripts["b"].sees = {Probe::Verdict::unknown};
  (void)world.ended(world.forward());
  CHECK(world.calls == Calls{"apply page_on", "apply b", "undo unfinished b", "undo page_on"});
  CHECK(world.state() == TargetState::rolled_back);
}

TEST_CASE("max_pause: after the pivot it turns nobody back") {
  FakeWorld world({"page_on", "pivot", "c", "page_off"});
  world.scripts["pivot"].pivots = true;
  CHECK(paused_for(world, "pivot", Seconds(100)).ended(world.forward()) == RunState::succeeded);
}

TEST_CASE("after the page is off: what fails is stuck, and the live application stays where it is") {
  FakeWorld world({"page_on", "pivot", "page_off", "close"});
  world.scripts["pivot"].pivots = true;
  world.scripts["close"].fails = {lasting()};
  (void)world.ended(world.forward());
  CHECK(world.calls == Calls{"apply page_on", "apply pivot", "apply page_off", "apply close"});
  CHECK(world.state() == TargetState::stuck);
  // Not so long as it is paused: nobody has seen it on the new database yet.
  FakeWorld other({"page_on", "pivot", "check", "page_off"});
  other.scripts["pivot"].pivots = true;
  other.scripts["check"].fails = {lasting()};
  (void)other.ended(other.forward());
  CHECK(other.state() == TargetState::rolled_back);
}
