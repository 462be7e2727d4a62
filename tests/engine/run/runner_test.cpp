// Steps, tries and the way back, without any server.
#include "engine/run/runner.hpp"

#include <chrono>

#include "tests/engine/run/fake_world.hpp"

using namespace pgconvoy;
using namespace pgconvoy::test;

TEST_CASE("runner: steps come one after the other, each with its intent in the journal before its effect") {
  FakeWorld world({"a", "b", "c"});
  std::vector<StepStatus> seen;
  for (const char* name : {"a", "b", "c"})
    world.scripts[name].during = [&](StepContext& context) {
      // From the file, as another process would read it.
      const TargetRecord record = world.target();
      seen.push_back(record.steps.at(context.step.path).status);
      CHECK(record.steps.at(context.step.path).intent == json{{"made_by", 1}});
    };
  CHECK(world.ended(world.forward()) == RunState::succeeded);
  CHECK(world.calls == Calls{"apply a", "apply b", "apply c"});
  CHECK(seen == std::vector<StepStatus>(3, StepStatus::started));
  CHECK(world.step("c").outcome == json{{"done_by", 1}});
}

TEST_CASE("runner: the way back begins with the failed step and ends with the first one") {
  FakeWorld world({"a", "b", "c", "d"});
  world.scripts["c"].fails = {lasting()};
  CHECK(world.ended(world.forward()) == RunState::finished_with_failures);
  CHECK(world.calls == Calls{"apply a", "apply b", "apply c", "undo unfinished c", "undo b", "undo a"});
  CHECK(world.state() == TargetState::rolled_back);
  CHECK(world.target().reason["error"]["message"] == "never");
}

TEST_CASE("runner: a step that could not be prepared was not begun, and is not undone") {
  FakeWorld world({"a", "b"});
  world.scripts["b"].refuses = {lasting()};
  (void)world.ended(world.forward());
  CHECK(world.calls == Calls{"apply a", "undo a"});
  CHECK(world.state() == TargetState::rolled_back);
}

TEST_CASE("runner: only an error that may pass is tried again, and what the try left is looked at first") {
  FakeWorld world({"a", "b"});
  world.scripts["b"].fails = {passing(), passing()};
  CHECK(world.ended(world.forward()) == RunState::succeeded);
  CHECK(world.calls == Calls{"apply a", "apply b", "probe b", "apply b", "probe b", "apply b"});
  CHECK(world.step("b").attempt == 3);

  FakeWorld other({"a", "b"});
  other.scripts["b"].fails = {lasting()};
  (void)other.ended(other.forward());
  CHECK(other.calls == Calls{"apply a", "apply b", "undo unfinished b", "undo a"});
}

TEST_CASE("runner: after three tries a step is given up") {
  FakeWorld world({"a"});
  world.scripts["a"].fails = std::deque<Error>(9, passing());
  (void)world.ended(world.forward());
  CHECK(world.calls == Calls{"apply a", "probe a", "apply a", "probe a", "apply a", "undo unfinished a"});
  CHECK(world.state() == TargetState::rolled_back);
}

TEST_CASE("runner: tries come at growing distances that no two targets share") {
  constexpr int kTargets = 6;
  FakeWorld world({"a"}, kTargets);
  world.plan.options.max_failures = "100%";
  world.scripts["a"].fails = std::deque<Error>(3 * kTargets, passing());
  std::map<int, std::vector<std::chrono::steady_clock::time_point>> moments;
  world.scripts["a"].during = [&](StepContext& context) {
    moments[context.work.planned.number].push_back(std::chrono::steady_clock::now());
  };
  RunRequest request = world.forward();
  request.first_delay = Seconds(0.04);
  (void)world.ended(request);
  std::set<std::int64_t> first_waits;
  for (const auto& [number, tries] : moments) {
    REQUIRE(tries.size() == 3);
    const Seconds first = tries[1] - tries[0], second = tries[2] - tries[1];
    CHECK(first >= Seconds(0.02));   // half of it
    CHECK(second >= Seconds(0.04));  // half of the double
    first_waits.insert(std::chrono::duration_cast<std::chrono::microseconds>(first).count() / 100);
  }
  CHECK(moments.size() == kTargets);
  CHECK(first_waits.size() > 1);
}

TEST_CASE("runner: an answer that was lost is asked for, not the effect again") {
  FakeWorld world({"a", "b"});
  Error lost(ErrorKind::unreachable, "the connection was closed");
  lost.outcome_unknown = true;
  world.scripts["a"].fails = {lost};
  world.scripts["a"].sees = {Probe::Verdict::done};
  CHECK(world.ended(world.forward()) == RunState::succeeded);
  CHECK(world.calls == Calls{"apply a", "probe a", "apply b"});

  FakeWorld other({"a", "b"});
  other.scripts["a"].fails = {lost};
  other.scripts["a"].sees = {Probe::Verdict::absent, Probe::Verdict::absent};
  CHECK(other.ended(other.forward()) == RunState::succeeded);
  CHECK(std::count(other.calls.begin(), other.calls.end(), "apply a") == 2);
}

TEST_CASE("runner: an undo that may still succeed is tried again, five times, and twice when it takes its whole limit") {
  struct Case {
    Error error;
    int failures;
    int tries;
    TargetState state;
  };
  const Case cases[] = {{Error(ErrorKind::unreachable, "no"), 4, 5, TargetState::rolled_back},
                        {Error(ErrorKind::unreachable, "no"), 5, 5, TargetState::stuck},
                        {Error(ErrorKind::timeout, "no"), 1, 2, TargetState::rolled_back},
                        {Error(ErrorKind::timeout, "no"), 2, 2, TargetState::stuck},
                        {lasting(), 1, 1, TargetState::stuck}};
  for (const Case& each : cases) {
    FakeWorld world({"a", "b"});
    world.scripts["b"].fails = {lasting()};
    world.scripts["b"].undo_fails = std::deque<Error>(each.failures, each.error);
    RunRequest request = world.forward();
    request.first_delay = Seconds(0.001);
    (void)world.ended(request);
    CHECK(std::count(world.calls.begin(), world.calls.end(), "undo unfinished b") == each.tries);
    CHECK(world.state() == each.state);
    // What comes after a failed undo stays as it is: the page, at the end of the way, stays on.
    CHECK(std::count(world.calls.begin(), world.calls.end(), "undo a") == (each.state == TargetState::stuck ? 0 : 1));
  }
}

TEST_CASE("runner: a way back that was stuck is gone to its end by a rollback, forward by a retry") {
  for (const bool forward : {false, true}) {
    FakeWorld world({"a", "b"});
    world.scripts["b"].fails = {lasting("the disk is full")};
    world.scripts["b"].undo_fails = {lasting("somebody is in it")};
    (void)world.ended(world.forward());
    REQUIRE(world.state() == TargetState::stuck);
    const json reason = world.target().reason;
    CHECK(reason["error"]["message"] == "somebody is in it");
    CHECK(reason["ways_out"].dump().find("pgconvoy retry r1 shop-1") != std::string::npos);
    CHECK(reason["ways_out"].dump().find("pgconvoy rollback r1 shop-1") != std::string::npos);
    (void)world.ended(forward ? world.again() : world.back());
    CHECK(world.calls == (forward ? Calls{"probe b", "apply b"} : Calls{"undo unfinished b", "undo a"}));
    CHECK(world.state() == (forward ? TargetState::succeeded : TargetState::rolled_back));
  }
}

TEST_CASE("runner: --on-failure leave touches nothing more") {
  FakeWorld world({"a", "b"});
  world.plan.options.on_failure = "leave";
  world.scripts["b"].fails = {lasting()};
  (void)world.ended(world.forward());
  CHECK(world.calls == Calls{"apply a", "apply b"});
  CHECK(world.state() == TargetState::stuck);
}

TEST_CASE("runner: a step that rests on another is tried again on a new one") {
  FakeWorld world({"a", "below", "b"});
  world.scripts["b"].rests_on = {"below"};
  world.scripts["b"].fails = {passing()};
  CHECK(world.ended(world.forward()) == RunState::succeeded);
  CHECK(world.calls == Calls{"apply a", "apply below", "apply b", "probe b", "undo below", "apply below", "apply b"});

  // As often as a step may be tried, not for ever.
  FakeWorld other({"below", "b"});
  other.scripts["b"].rests_on = {"below"};
  other.scripts["b"].fails = std::deque<Error>(20, passing());
  (void)other.ended(other.forward());
  CHECK(other.state() == TargetState::rolled_back);
  CHECK(std::count(other.calls.begin(), other.calls.end(), "apply b") < 10);
}

TEST_CASE("runner: a bug in an operation ends the run and decides nothing") {
  FakeWorld world({"a", "b"});
  world.scripts["b"].throws = true;
  auto state = world.carry_out(world.forward());
  REQUIRE_FALSE(state);
  CHECK(state.error().kind == ErrorKind::internal);
  CHECK(state.error().message.find("killed") != std::string::npos);
  CHECK(world.state() == TargetState::running);
  CHECK(world.step("b").status == StepStatus::started);
}

TEST_CASE("runner: more failures than the budget start nothing new, and a resume may") {
  FakeWorld world({"a"}, 3);
  world.scripts["a"].fails = {lasting()};
  CHECK(world.ended(world.forward()) == RunState::halted);
  CHECK(world.state(1) == TargetState::rolled_back);
  CHECK(world.state(2) == TargetState::pending);

  FakeWorld generous({"a"}, 3);
  generous.plan.options.max_failures = "1";
  generous.scripts["a"].fails = {lasting()};
  CHECK(generous.ended(generous.forward()) == RunState::finished_with_failures);
  CHECK(generous.state(3) == TargetState::succeeded);
}
