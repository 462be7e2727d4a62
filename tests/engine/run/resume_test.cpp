// A process that ended in the middle of a step, and the next one that goes on from its journal.
#include "tests/engine/run/fake_world.hpp"

using namespace pgconvoy;
using namespace pgconvoy::test;

namespace {

// a is done, b was begun and nothing says how it ended, c never came.
FakeWorld& killed_in_b(FakeWorld& world) {
  world.scripts["b"].throws = true;
  REQUIRE_FALSE(world.carry_out(world.forward()));
  REQUIRE(world.step("b").status == StepStatus::started);
  world.scripts["b"].throws = false;
  return world;
}

}  // namespace

TEST_CASE("resume: what a probe finds done is recorded, not repeated") {
  FakeWorld world({"a", "b", "c"});
  killed_in_b(world).scripts["b"].sees = {Probe::Verdict::done};
  CHECK(world.ended(world.forward()) == RunState::succeeded);
  CHECK(world.calls == Calls{"probe b", "apply c"});
  CHECK(world.step("b").outcome == json{{"done_by", 1}});
}

TEST_CASE("resume: what a probe finds absent is done, with a new intent") {
  FakeWorld world({"a", "b", "c"});
  killed_in_b(world).scripts["b"].sees = {Probe::Verdict::absent};
  CHECK(world.ended(world.forward()) == RunState::succeeded);
  CHECK(world.calls == Calls{"probe b", "apply b", "apply c"});
  CHECK(world.step("b").intent == json{{"made_by", 2}});
}

TEST_CASE("resume: what a probe finds half done is taken back, then done") {
  FakeWorld world({"a", "b", "c"});
  killed_in_b(world).scripts["b"].sees = {Probe::Verdict::partial};
  CHECK(world.ended(world.forward()) == RunState::succeeded);
  CHECK(world.calls == Calls{"probe b", "undo unfinished b", "apply b", "apply c"});
}

TEST_CASE("resume: what a probe can't tell is stuck, and nothing is touched") {
  FakeWorld world({"a", "b", "c"});
  killed_in_b(world).scripts["b"].sees = {Probe::Verdict::unknown};
  (void)world.ended(world.forward());
  CHECK(world.calls == Calls{"probe b"});
  CHECK(world.state() == TargetState::stuck);
  CHECK(world.target().reason["step"] == "b@shop-1");
}

TEST_CASE("resume: a probe that fails is asked again, and decides nothing when it fails for ever") {
  FakeWorld world({"a", "b"});
  killed_in_b(world).scripts["b"].blind = {passing(), passing()};
  CHECK(world.ended(world.forward()) == RunState::succeeded);
  CHECK(world.calls == Calls{"probe b", "probe b", "probe b", "apply b"});

  FakeWorld other({"a", "b"});
  killed_in_b(other).scripts["b"].blind = std::deque<Error>(20, passing());
  RunRequest request = other.forward();
  request.first_delay = Seconds(0.001);
  (void)other.ended(request);
  CHECK(std::count(other.calls.begin(), other.calls.end(), "apply b") == 0);
  CHECK(other.state() == TargetState::stuck);
}

TEST_CASE("resume: every claim has an epoch of its own, and later events carry it") {
  FakeWorld world({"a", "b"});
  killed_in_b(world);
  CHECK(world.target().epoch == 1);
  (void)world.ended(world.forward());
  CHECK(world.target().epoch == 2);
  for (const Event& event : world.heard.events)
    if (event.target == 1) CHECK(event.epoch == 2);
}

TEST_CASE("resume: an older holder that writes again is refused, and stops") {
  FakeWorld world({"a", "b", "c"});
  world.scripts["b"].during = [&](StepContext& context) {
    // Somebody else has taken the target over in the meantime.
    Event claimed;
    claimed.run = context.work.run;
    claimed.target = 1;
    claimed.epoch = context.work.record.epoch + 1;
    claimed.kind = EventKind::target_claimed;
    claimed.at = context.services.clock.wall();
    std::vector<Event> events{claimed};
    must(world.journal->append(events));
  };
  auto state = world.carry_out(world.forward());
  REQUIRE_FALSE(state);
  CHECK(state.error().kind == ErrorKind::conflict);
  CHECK(world.calls == Calls{"apply a", "apply b"});  // neither c nor any undo
  CHECK(world.step("b").status == StepStatus::started);
  CHECK(must(world.journal->verify()) == std::vector<std::string>());
}

TEST_CASE("resume: a way back that was interrupted goes on backward, with the undo that has no outcome first") {
  FakeWorld world({"a", "b", "c"});
  world.scripts["c"].fails = {lasting("why it went back")};
  world.scripts["b"].undo_throws = true;
  REQUIRE_FALSE(world.carry_out(world.forward()));
  world.scripts["b"].undo_throws = false;
  REQUIRE(world.state() == TargetState::rolling_back);
  (void)world.ended(world.forward());
  CHECK(world.calls == Calls{"undo b", "undo a"});
  CHECK(world.state() == TargetState::rolled_back);
  CHECK(world.target().reason["error"]["message"] == "why it went back");
}

TEST_CASE("retry: what was rolled back begins anew, what has succeeded is left alone") {
  FakeWorld world({"a", "b"}, 2);
  world.plan.options.max_failures = "1";
  world.scripts["b"].fails = {lasting()};
  CHECK(world.ended(world.forward()) == RunState::finished_with_failures);
  CHECK(world.ended(world.again()) == RunState::succeeded);
  CHECK(world.calls == Calls{"apply a", "apply b"});  // of the first target
}

TEST_CASE("rollback: of what has succeeded every step is undone, in reverse") {
  FakeWorld world({"a", "b", "c"});
  CHECK(world.ended(world.forward()) == RunState::succeeded);
  (void)world.ended(world.back());
  CHECK(world.calls == Calls{"undo c", "undo b", "undo a"});
  CHECK(world.state() == TargetState::rolled_back);
}
