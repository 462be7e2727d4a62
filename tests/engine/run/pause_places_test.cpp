// How many targets are in their pause at a time: the line that they wait in, and runs whose targets wait in it.
#include <random>
#include <set>

#include "engine/run/pause_places.hpp"
#include "tests/engine/run/fake_world.hpp"

using namespace pgconvoy;
using namespace pgconvoy::test;

namespace {

using Then = PausePlaces::Refusal::Then;
using Refusals = std::map<int, Then>;

PausePlaces::Refuse as_in(const Refusals& refusals) {
  return [&refusals](int target, bool waits) -> std::optional<PausePlaces::Refusal> {
    const auto found = refusals.find(target);
    if (found == refusals.end() || (!waits && found->second != Then::wait)) return std::nullopt;
    return PausePlaces::Refusal{found->second, Error(ErrorKind::cancelled, "for a reason")};
  };
}

// What became of one that waits: none while it still does.
struct Outcomes {
  asio::io_context loop{1};
  std::map<int, PausePlaces::Answer> answers;

  void follow(PausePlaces& places, int target) { asio::co_spawn(loop, wait(places, target), [](std::exception_ptr failure) { CHECK_FALSE(failure); }); }
  Task<void> wait(PausePlaces& places, int target) { answers[target] = co_await places.answered(target); }
  void settle() {
    loop.restart();
    loop.poll();
  }
};

const std::vector<std::string> kSteps{"prepare", "page_on", "move", "page_off", "tidy"};

FakeWorld& with_pauses(FakeWorld& world, std::optional<int> most, int at_a_time = 8) {
  world.plan.options.concurrency = world.plan.options.concurrency_per_region = at_a_time;
  world.plan.options.max_paused = most;
  return world;
}

bool waits(const Event& event) { return event.kind == EventKind::note && event.data.value("waits", "") == "pause"; }

int waited(const FakeWorld& world) { return static_cast<int>(std::count_if(world.heard.events.begin(), world.heard.events.end(), waits)); }

// The most that were in their pause at any moment, by the journal's events in their order. `paused`: since before.
int most_paused(const std::vector<Event>& events, std::set<int> paused = {}) {
  std::size_t most = paused.size();
  for (const Event& event : events) {
    const std::string operation = event.step.substr(0, event.step.find('@'));
    if (event.kind == EventKind::step_started && operation == "page_on") paused.insert(event.target);
    if (event.kind == EventKind::undo_started && operation == "page_off") paused.insert(event.target);
    if (event.kind == EventKind::step_succeeded && operation == "page_off") paused.erase(event.target);
    if (event.kind == EventKind::step_undone && operation == "page_on") paused.erase(event.target);
    most = std::max(most, paused.size());
  }
  return static_cast<int>(most);
}

std::set<int> begun_pauses(const FakeWorld& world) {
  std::set<int> targets;
  for (const Event& event : world.heard.events)
    if (event.kind == EventKind::step_started && event.step.starts_with("page_on")) targets.insert(event.target);
  return targets;
}

// Three targets, one place; the first is held in its pause until the gate opens, and `then` is done once both others wait.
struct TwoWait {
  FakeWorld world{kSteps, 3};
  Gate gate{world.loop};

  TwoWait() {
    with_pauses(world, 1);
    world.plan.options.max_failures = "0";
    world.scripts["move"].waits_for = [this](int) { return gate.pass(); };
  }
  RunState run(std::function<void(Runner&)> then, bool opens = true) {
    int waiting = 0;
    return world.ended(world.forward(), [this, then, opens, waiting](Runner& runner, const Event& event) mutable {
      if (!waits(event) || ++waiting != 2) return;
      asio::post(world.loop, [this, &runner, then, opens] {
        then(runner);
        if (opens) asio::post(world.loop, [this] { gate.open(); });
      });
    });
  }
  std::set<int> in_state(TargetState state) {
    std::set<int> targets;
    for (int number = 1; number <= 3; ++number)
      if (world.state(number) == state) targets.insert(number);
    return targets;
  }
};

using Targets = std::set<int>;

}  // namespace

TEST_CASE("pause places: without a limit everybody has one, and they count for a limit that comes later") {
  const Refusals none;
  PausePlaces places(as_in(none));
  for (const int target : {1, 2, 3}) CHECK(places.ask(target).has_place);
  places.limit(2);
  CHECK(places.paused() == 3);  // who is inside stays
  CHECK(places.ask(4).waits);
  Outcomes outcomes;
  outcomes.follow(places, 4);
  places.leave(1);
  outcomes.settle();
  CHECK(outcomes.answers.empty());  // two are still there
  places.leave(2);
  outcomes.settle();
  REQUIRE(outcomes.answers.count(4) == 1);
  CHECK(outcomes.answers[4].has_place);
  CHECK(places.paused() == 2);
}

TEST_CASE("pause places: first come first served; a higher limit lets in as many as it has room for") {
  const Refusals none;
  PausePlaces places(as_in(none));
  places.limit(1);
  CHECK(places.ask(9).has_place);
  Outcomes outcomes;
  for (const int target : {5, 3, 7, 1}) {
    const auto answer = places.ask(target);
    CHECK(answer.waits);
    CHECK(answer.because == "1 target is paused, and --max-paused allows 1");
    outcomes.follow(places, target);
  }
  outcomes.settle();
  CHECK(places.waiting() == std::vector<int>{5, 3, 7, 1});
  places.limit(3);
  outcomes.settle();
  CHECK(places.waiting() == std::vector<int>{7, 1});
  places.leave(3);
  outcomes.settle();
  CHECK(places.waiting() == std::vector<int>{1});
  places.limit(std::nullopt);
  outcomes.settle();
  CHECK(places.waiting().empty());
  CHECK(outcomes.answers.size() == 4);
}

TEST_CASE("pause places: who must be in his pause takes a place without asking, and others wait longer for it") {
  const Refusals none;
  PausePlaces places(as_in(none));
  places.limit(1);
  places.keep(1);
  places.keep(2);
  places.keep(2);
  CHECK(places.paused() == 2);
  Outcomes outcomes;
  CHECK(places.ask(3).waits);
  outcomes.follow(places, 3);
  places.leave(1);
  places.leave(1);
  outcomes.settle();
  CHECK(outcomes.answers.empty());
  places.leave(2);
  outcomes.settle();
  CHECK(outcomes.answers[3].has_place);
}

TEST_CASE("pause places: one that is held stays in line and holds nobody up; one that is turned away gets no place") {
  Refusals refusals{{2, Then::wait}};
  PausePlaces places(as_in(refusals));
  places.limit(1);
  CHECK(places.ask(1).has_place);
  Outcomes outcomes;
  CHECK(places.ask(2).because == "for a reason");
  CHECK(places.ask(3).waits);
  CHECK(places.ask(4).waits);
  for (const int target : {2, 3, 4}) outcomes.follow(places, target);
  places.leave(1);
  outcomes.settle();
  CHECK(outcomes.answers[3].has_place);
  refusals = {{4, Then::undo}};
  places.look_again();
  outcomes.settle();
  REQUIRE(outcomes.answers.count(4) == 1);
  REQUIRE(outcomes.answers[4].refused);
  CHECK(outcomes.answers[4].refused->then == Then::undo);
  CHECK(places.turned_away(4));
  CHECK_FALSE(places.turned_away(3));
  refusals = {{5, Then::leave}, {6, Then::wait}};
  CHECK(places.ask(5).refused);  // it would have to wait
  places.leave(3);
  outcomes.settle();
  CHECK(outcomes.answers[2].has_place);
  places.leave(2);
  CHECK(places.ask(5).has_place);  // it needn't wait
  CHECK_FALSE(places.turned_away(5));
  places.leave(5);
  CHECK(places.ask(6).waits);  // though a place is free
}

TEST_CASE("pause places: a wait that is ended from outside gives no place and no reason, and nothing is left of it") {
  const Refusals none;
  PausePlaces places(as_in(none));
  places.limit(1);
  CHECK(places.ask(1).has_place);
  CHECK(places.ask(2).waits);
  Outcomes outcomes;
  outcomes.follow(places, 2);
  places.end_wait(2);
  places.end_wait(2);
  places.end_wait(3);  // isn't there
  outcomes.settle();
  REQUIRE(outcomes.answers.count(2) == 1);
  CHECK_FALSE(outcomes.answers[2].has_place);
  CHECK_FALSE(outcomes.answers[2].refused);
  places.leave(1);
  CHECK(places.paused() == 0);
  CHECK(places.ask(2).has_place);
}

TEST_CASE("max-paused: never more are in their pause than that, whatever fails and however the limit is lowered") {
  for (int seed = 1; seed <= 6; ++seed) {
    INFO("seed " << seed);
    std::mt19937 random(static_cast<unsigned>(seed));
    FakeWorld world(kSteps, 14);
    const int most = 1 + seed % 3;
    with_pauses(world, most, 6);
    world.plan.options.max_failures = "100%";
    std::set<int> failing;
    for (int number = 1; number <= 14; ++number)
      if (random() % 4 == 0) failing.insert(number);
    world.scripts["move"].during = [&](StepContext& context) {
      if (failing.contains(context.work.planned.number)) world.scripts["move"].fails = {lasting()};
    };
    CHECK(world.ended(world.forward()) == (failing.empty() ? RunState::succeeded : RunState::finished_with_failures));
    CHECK(most_paused(world.heard.events) <= most);
    CHECK(begun_pauses(world).size() == 14);
    CHECK(waited(world) > 0);
    for (int number = 1; number <= 14; ++number) CHECK(world.state(number) == (failing.contains(number) ? TargetState::rolled_back : TargetState::succeeded));
  }
}

TEST_CASE("max-paused: others are prepared while one is paused, and as many are paused as may be") {
  TwoWait three;
  CHECK(three.run([](Runner&) {}) == RunState::succeeded);
  CHECK(most_paused(three.world.heard.events) == 1);
  // All were prepared before the first pause was over.
  int prepared = 0;
  for (const Event& event : three.world.heard.events) {
    if (event.kind == EventKind::step_succeeded && event.step.starts_with("page_off")) break;
    if (event.kind == EventKind::step_succeeded && event.step.starts_with("prepare")) ++prepared;
  }
  CHECK(prepared == 3);
  FakeWorld free(kSteps, 3);
  with_pauses(free, std::nullopt);
  Gate gate(free.loop);
  int inside = 0;
  free.scripts["move"].waits_for = [&](int) {
    if (++inside == 3) gate.open();
    return gate.pass();
  };
  CHECK(free.ended(free.forward()) == RunState::succeeded);
  CHECK(most_paused(free.heard.events) == 3);
  CHECK(waited(free) == 0);
}

TEST_CASE("max-paused: a limit that is raised while targets wait lets them in") {
  TwoWait three;
  int inside = 0;
  three.world.scripts["move"].waits_for = [&](int) {
    if (++inside == 3) three.gate.open();
    return three.gate.pass();
  };
  CHECK(three.run(
            [&](Runner& runner) {
              Event event;
              event.run = three.world.run_id();
              event.kind = EventKind::limits_set;
              event.at = three.world.clock.now;
              event.data = {{"changes", {{"max-paused", "3"}}}};
              std::vector<Event> events{event};
              must(three.world.journal->append(events));
              runner.hear(events[0]);
            },
            false) == RunState::succeeded);
  CHECK(most_paused(three.world.heard.events) == 3);
}

TEST_CASE("max-paused: told to stop or to pause, who waits is left as it is, and a resume goes on") {
  for (const bool by_signal : {true, false}) {
    INFO("by signal " << by_signal);
    TwoWait three;
    CHECK(three.run([by_signal](Runner& runner) { by_signal ? runner.stop() : runner.pause(); }) == RunState::halted);
    CHECK(begun_pauses(three.world).size() == 1);
    CHECK(three.in_state(TargetState::succeeded).size() == 1);
    CHECK(three.in_state(TargetState::running).size() == 2);
    const auto left = std::find_if(three.world.heard.events.begin(), three.world.heard.events.end(),
                                   [](const Event& event) { return event.kind == EventKind::note && event.data.contains("error"); });
    REQUIRE(left != three.world.heard.events.end());
    CHECK(left->data["error"]["message"] == "prepared, and its pause was not begun: the run was told to stop");
    CHECK(three.world.ended(three.world.forward()) == RunState::succeeded);
    CHECK(most_paused(three.world.heard.events) == 1);
  }
}

TEST_CASE("max-paused: cancelled, who waits is taken back, and who is paused goes on or is taken back as the mode says") {
  for (const CancelMode mode : {CancelMode::leave, CancelMode::rollback}) {
    INFO("rollback " << (mode == CancelMode::rollback));
    TwoWait three;
    CHECK(three.run([mode](Runner& runner) { runner.cancel(mode); }) == RunState::cancelled);
    CHECK(begun_pauses(three.world).size() == 1);
    CHECK(three.in_state(TargetState::succeeded).size() == (mode == CancelMode::leave ? 1 : 0));
    CHECK(three.in_state(TargetState::rolled_back).size() == (mode == CancelMode::leave ? 2 : 3));
    for (const int number : three.in_state(TargetState::rolled_back)) CHECK(three.world.target(number).reason["error"]["kind"] == "cancelled");
  }
}

TEST_CASE("max-paused: a failure that spends the budget begins no further pause") {
  TwoWait three;
  three.world.scripts["move"].fails = {lasting()};
  CHECK(three.run([](Runner&) {}) == RunState::halted);
  CHECK(begun_pauses(three.world).size() == 1);
  CHECK(three.in_state(TargetState::rolled_back).size() == 1);
  CHECK(three.in_state(TargetState::running).size() == 2);
  CHECK(three.world.ended(three.world.forward()) == RunState::finished_with_failures);  // nobody asks for the one that was rolled back
  CHECK(three.in_state(TargetState::succeeded).size() == 2);
}

TEST_CASE("max-paused: a freeze that begins while a target waits holds its pause, and isn't counted as its failure") {
  for (const bool waits_for_it : {false, true}) {
    INFO("waits for openings " << waits_for_it);
    TwoWait three;
    three.world.plan.options.wait_for_windows = waits_for_it;
    const WallTime noon = three.world.clock.now;
    for (const char* id : {"shop-1", "shop-2", "shop-3"})
      three.world.plan.fleet.freezes.push_back({id, noon + std::chrono::minutes(10), noon + std::chrono::minutes(60), "a sale"});
    int begun = 0;
    std::set<int> held;
    const RunState ended = three.run([&](Runner& runner) {
      three.world.clock.now = noon + std::chrono::minutes(20);
      runner.look_again();
      if (!waits_for_it) return;
      // The first one's end frees its place during the freeze; later the freeze is over.
      three.world.scripts["tidy"].during = [&](StepContext& context) {
        if (++begun > 1) return;
        held = begun_pauses(three.world);
        CHECK(held == Targets{context.work.planned.number});
        three.world.clock.now = noon + std::chrono::minutes(61);
        asio::post(three.world.loop, [&runner] { runner.look_again(); });
      };
    });
    if (waits_for_it) {
      CHECK(ended == RunState::succeeded);
    } else {
      CHECK(ended == RunState::halted);
      CHECK(three.in_state(TargetState::running).size() == 2);
      CHECK(begun_pauses(three.world).size() == 1);
      three.world.clock.now = noon + std::chrono::minutes(61);
      CHECK(three.world.ended(three.world.forward()) == RunState::succeeded);
    }
  }
}

TEST_CASE("max-paused: who is in his pause when the run is resumed never waits, and counts") {
  FakeWorld world(kSteps, 4);
  with_pauses(world, std::nullopt, 2);
  Gate gate(world.loop);
  int inside = 0;
  // Both are killed in their pauses.
  world.scripts["move"].waits_for = [&](int) {
    if (++inside == 2) {
      world.scripts["move"].throws = true;
      gate.open();
    }
    return gate.pass();
  };
  CHECK_FALSE(world.carry_out(world.forward()));
  CHECK(begun_pauses(world) == Targets{1, 2});
  world.scripts["move"].throws = false;
  world.scripts["move"].waits_for = nullptr;
  world.scripts["move"].sees = {Probe::Verdict::absent, Probe::Verdict::absent};
  Event event;
  event.run = world.run_id();
  event.kind = EventKind::limits_set;
  event.at = world.clock.now;
  event.data = {{"changes", {{"max-paused", "1"}, {"concurrency", "4"}, {"concurrency-per-region", "4"}}}};
  std::vector<Event> events{event};
  must(world.journal->append(events));
  CHECK(world.ended(world.forward()) == RunState::succeeded);
  CHECK(most_paused(world.heard.events, {1, 2}) == 2);
  // None of the others began before both were through.
  std::set<int> through;
  for (const Event& each : world.heard.events) {
    if (each.kind == EventKind::step_succeeded && each.step.starts_with("page_off")) through.insert(each.target);
    if (each.kind == EventKind::step_started && each.step.starts_with("page_on")) CHECK(through.size() >= 2);
  }
  CHECK(begun_pauses(world) == Targets{3, 4});
}
