// How a run goes over many targets: waves, budgets, words of others, and what it remembers of them.
#include <set>

#include "engine/run/rollout.hpp"
#include "tests/engine/run/fake_world.hpp"

using namespace pgconvoy;
using namespace pgconvoy::test;

namespace {

// Journaled by another process, as it would be.
Event word(FakeWorld& world, EventKind kind, json data) {
  Event event;
  event.run = world.run_id();
  event.kind = kind;
  event.at = world.clock.now;
  event.data = std::move(data);
  std::vector<Event> events{event};
  must(world.journal->append(events));
  return events[0];
}

void fail_targets(FakeWorld& world, std::set<int> numbers) {
  world.scripts["a"].during = [&world, numbers](StepContext& context) {
    if (numbers.count(context.work.planned.number)) world.scripts["a"].fails = {lasting()};
  };
}

std::vector<int> begun(const FakeWorld& world) {
  std::vector<int> numbers;
  for (const Event& event : world.heard.events)
    if (event.kind == EventKind::target_claimed) numbers.push_back(event.target);
  return numbers;
}

// What was waited for last: why, and for what.
std::pair<std::string, std::string> last_wait(const FakeWorld& world) {
  std::pair<std::string, std::string> last;
  for (const Event& event : world.heard.events)
    if (event.kind == EventKind::run_waits && !event.data["waits"].empty())
      last = {event.data["waits"][0]["why"].get<std::string>(), event.data["waits"][0]["what"].get<std::string>()};
  return last;
}

using Numbers = std::vector<int>;

}  // namespace

TEST_CASE("waves: one after the other, each journaled, with its soak in between") {
  FakeWorld world({"a"}, 6);
  world.plan.options.concurrency = 8;
  world.plan.options.concurrency_per_region = 8;
  world.plan.options.waves = "1,3";
  world.plan.options.soak = 600;
  std::vector<std::string> order;
  CHECK(world.ended(world.forward(), [&](Runner& runner, const Event& event) {
          if (event.kind == EventKind::wave_ended || event.kind == EventKind::wave_opened)
            order.push_back(std::string(to_string(event.kind)) + event.data["wave"].dump());
          if (event.kind == EventKind::target_claimed) order.push_back("t" + std::to_string(event.target));
          if (event.kind == EventKind::run_waits && !event.data["waits"].empty()) {
            CHECK(event.data["waits"][0]["why"] == "soak");
            world.clock.now += std::chrono::minutes(10);
            runner.hear(word(world, EventKind::limits_set, {{"changes", {{"concurrency", "8"}}}}));  // somebody says something: it looks again
          }
        }) == RunState::succeeded);
  // Those that start at the same moment may be claimed in any order.
  if (order.size() == 10) std::sort(order.end() - 3, order.end());
  if (order.size() == 10) std::sort(order.begin() + 3, order.begin() + 5);
  CHECK(order == std::vector<std::string>{"t1", "wave_ended1", "wave_opened2", "t2", "t3", "wave_ended2", "wave_opened3", "t4", "t5", "t6"});
  const auto ended = std::find_if(world.heard.events.begin(), world.heard.events.end(), [](const Event& event) { return event.kind == EventKind::wave_ended; });
  CHECK(ended->data["succeeded"] == 1);
  CHECK(ended->data["failed"] == 0);
  CHECK(ended->data.contains("soak_until"));
}

TEST_CASE("waves: a run without waves journals none") {
  FakeWorld world({"a"}, 3);
  CHECK(world.ended(world.forward()) == RunState::succeeded);
  CHECK(world.heard.count(EventKind::wave_ended) + world.heard.count(EventKind::wave_opened) + world.heard.count(EventKind::run_waits) == 0);
}

TEST_CASE("waves: with --approve a person lets the next one go, and a resume waits again") {
  FakeWorld world({"a"}, 3);
  world.plan.options.waves = "1";
  world.plan.options.approve = true;
  // Nobody approves: it is stopped while it waits.
  CHECK(world.ended(world.forward(), [](Runner& runner, const Event& event) {
          if (event.kind == EventKind::run_waits) {
            CHECK(event.data["waits"][0]["why"] == "approval");
            runner.stop();
          }
        }) == RunState::halted);
  CHECK(begun(world) == Numbers{1});
  CHECK(world.ended(world.forward(), [](Runner& runner, const Event& event) {
          if (event.kind == EventKind::run_waits) runner.stop();
        }) == RunState::halted);
  CHECK(begun(world).empty());
  CHECK(world.heard.count(EventKind::wave_ended) == 0);  // it was over before
  // An approval of before doesn't let a later wave go; the right one does, while it waits or before it was taken up.
  word(world, EventKind::wave_approved, {{"wave", 2}, {"by", "ann@host"}});
  CHECK(world.ended(world.forward()) == RunState::succeeded);
  CHECK(begun(world) == Numbers{2, 3});

  FakeWorld other({"a"}, 2);
  other.plan.options.waves = "1";
  other.plan.options.approve = true;
  CHECK(other.ended(other.forward(), [&](Runner& runner, const Event& event) {
          if (event.kind == EventKind::run_waits && !event.data["waits"].empty()) runner.hear(word(other, EventKind::wave_approved, {{"wave", 2}}));
        }) == RunState::succeeded);
}

TEST_CASE("waves: a budget stops the run at the end of a wave, also before a person is asked") {
  for (const char* which : {"run", "wave", "region"}) {
    FakeWorld world({"a"}, 6);
    world.plan.options.waves = "3";
    world.plan.options.approve = true;
    world.plan.options.max_failures = which == std::string("run") ? "1" : "100%";
    if (which == std::string("wave")) world.plan.options.max_failures_per_wave = "34%";  // of three: two
    if (which == std::string("region")) world.plan.options.max_failures_per_region = "1";
    fail_targets(world, which == std::string("wave") ? std::set<int>{1, 2, 3} : std::set<int>{1, 3});
    CHECK(world.ended(world.forward()) == RunState::halted);
    CHECK(begun(world) == Numbers{1, 2, 3});
    REQUIRE(world.heard.count(EventKind::run_waits) == 1);
    CHECK(last_wait(world).first == "budget");
  }
}

TEST_CASE("waves: what can't be reached counts as failed") {
  FakeWorld world({"a"}, 3);
  world.plan.targets[0].placements["db"] = {"old", "new", ""};  // lock and survey need a session, and there is no server
  world.plan.targets[0].target.instances = {"db"};
  for (const char* id : {"old", "new"}) {
    world.plan.fleet.servers[id].id = id;
    world.plan.fleet.servers[id].region = "north";
    world.plan.fleet.servers[id].url = "postgresql://127.0.0.1:1/postgres";
  }
  world.plan.fleet.instances["db"].id = "db";
  world.plan.fleet.instances["db"].server = "old";
  CHECK(world.ended(world.forward()) == RunState::halted);
  CHECK(world.state(1) == TargetState::skipped);
  CHECK(world.state(2) == TargetState::pending);
}

TEST_CASE("words: a pending target is skipped at somebody's word, with who and why; it is no failure") {
  FakeWorld world({"a"}, 3);
  CHECK(world.ended(world.forward(), [&](Runner& runner, const Event& event) {
          if (event.kind == EventKind::step_started && event.target == 1)
            runner.hear(word(world, EventKind::target_asked, {{"target", 2}, {"what", "skip"}, {"by", "ann@host"}, {"reason", "a sale"}}));
        }) == RunState::finished_with_failures);
  CHECK(begun(world) == Numbers{1, 3});
  CHECK(world.state(2) == TargetState::skipped);
  CHECK(world.target(2).reason["reason"] == "skipped by ann@host: a sale");
}

TEST_CASE("words: a skip of what is under way or over changes nothing") {
  FakeWorld world({"a"}, 2);
  CHECK(world.ended(world.forward(), [&](Runner& runner, const Event& event) {
          if (event.kind == EventKind::step_started && event.target == 2)
            for (const int number : {1, 2, 99}) runner.hear(word(world, EventKind::target_asked, {{"target", number}, {"what", "skip"}}));
        }) == RunState::succeeded);
}

TEST_CASE("words: failed targets are taken up again while the run goes on, also past its budget") {
  FakeWorld world({"a"}, 3);
  world.plan.options.max_failures = "1";
  world.scripts["a"].fails = {lasting()};
  CHECK(world.ended(world.forward(), [&](Runner& runner, const Event& event) {
          if (event.kind == EventKind::step_started && event.target == 2)
            runner.hear(word(world, EventKind::target_asked, {{"target", 1}, {"what", "retry"}}));
        }) == RunState::succeeded);
  CHECK(begun(world) == Numbers{1, 2, 1, 3});
}

TEST_CASE("words: a retry that nobody came to is remembered by the next process, one that was carried out isn't") {
  FakeWorld world({"a"}, 3);
  world.plan.options.max_failures = "3";
  fail_targets(world, {1});
  CHECK(world.ended(world.forward(), [&](Runner& runner, const Event& event) {
          if (event.kind == EventKind::step_started && event.target == 2) {
            world.clock.now += std::chrono::seconds(1);
            word(world, EventKind::target_asked, {{"target", 1}, {"what", "retry"}});  // not heard of in time
            runner.stop();
          }
        }) == RunState::halted);
  world.clock.now += std::chrono::seconds(1);
  CHECK(world.ended(world.forward()) == RunState::finished_with_failures);
  CHECK(begun(world) == Numbers{1, 3});
  CHECK(world.ended(world.forward()) == RunState::finished_with_failures);
  CHECK(begun(world).empty());
}

TEST_CASE("words: limits change while the run goes on, and hold for the next process too") {
  FakeWorld world({"a"}, 6);
  world.plan.options.waves = "1";
  world.plan.options.approve = true;
  world.plan.options.concurrency_per_region = 1;
  CHECK(world.ended(world.forward(), [&](Runner& runner, const Event& event) {
          if (event.kind != EventKind::run_waits) return;
          word(world, EventKind::limits_set, {{"changes", {{"approve", "no"}, {"concurrency", "4"}, {"concurrency-per-region", "4"}, {"no-such", "1"}}}});
          runner.stop();
        }) == RunState::halted);
  int together = 0, most = 0;
  world.scripts["a"].during = [&](StepContext&) { most = std::max(most, together); };
  CHECK(world.ended(world.forward(), [&](Runner&, const Event& event) {
          together += event.kind == EventKind::target_claimed;
          together -= event.kind == EventKind::target_succeeded;
        }) == RunState::succeeded);
  CHECK(most == 4);
}

TEST_CASE("test first: a live target waits for its test target, and is held back when that one fails") {
  FakeWorld world({"a"}, 3);
  world.plan.options.concurrency = world.plan.options.concurrency_per_region = 8;
  world.plan.options.max_failures = "3";
  world.plan.targets[1].after = {1};
  fail_targets(world, {1});
  CHECK(world.ended(world.forward()) == RunState::halted);
  CHECK(std::set<int>{begun(world)[0], begun(world)[1]} == std::set<int>{1, 3});
  CHECK(world.state(2) == TargetState::pending);
  CHECK(last_wait(world) == std::pair<std::string, std::string>("test", "shop-1"));
  // A resume knows that the test failed; by name it goes all the same.
  CHECK(world.ended(world.forward()) == RunState::halted);
  CHECK(begun(world).empty());
  RunRequest named = world.forward();
  named.only = {2};
  CHECK(world.ended(named) == RunState::finished_with_failures);
  CHECK(world.state(2) == TargetState::succeeded);
}

TEST_CASE("freezes: what is frozen is not started, and the run rests when nothing else is left") {
  FakeWorld world({"a"}, 3);
  world.plan.fleet.freezes = {{"shop-2", world.clock.now - std::chrono::hours(1), world.clock.now + std::chrono::hours(1), "a sale"}};
  CHECK(world.ended(world.forward()) == RunState::halted);
  CHECK(begun(world) == Numbers{1, 3});
  world.clock.now += std::chrono::hours(1);
  CHECK(world.ended(world.forward()) == RunState::succeeded);
}

TEST_CASE("many: nobody who was asked for, and a single one in many waves") {
  FakeWorld none({"a"}, 1);
  RunRequest nobody = none.forward();
  nobody.only = {7};
  CHECK(none.ended(nobody) == RunState::halted);
  CHECK(begun(none).empty());
  FakeWorld one({"a"}, 1);
  one.plan.options.waves = "3,25%,100%";
  CHECK(one.ended(one.forward()) == RunState::succeeded);
}

// Without a journal, so that it is quick; with one: tests/bench/scale.
TEST_CASE("many: 10,000 targets come to an end, each begun once, within their limits") {
  constexpr int kTargets = 10'000;
  Plan plan;
  std::vector<TargetRecord> records;
  for (int number = 1; number <= kTargets; ++number) {
    PlannedTarget planned;
    planned.number = number;
    planned.target.id = std::to_string(number);
    planned.target.region = "r" + std::to_string(number % 3);
    planned.placements["db"] = {"old-" + std::to_string(number % 40), "new-" + std::to_string(number % 7), ""};
    if (number % 10 == 0) planned.after = {number - 5};
    plan.targets.push_back(std::move(planned));
    TargetRecord record;
    record.number = number;
    record.region = "r" + std::to_string(number % 3);
    records.push_back(std::move(record));
  }
  plan.options.concurrency = 50;
  plan.options.concurrency_per_region = 20;
  plan.options.concurrency_per_source = 2;
  plan.options.waves = "3,10,25%,100%";
  plan.options.max_failures = "100%";
  Rollout rollout(plan, records, RunRequest{});
  Surroundings around;
  around.now = noon();
  std::vector<int> flying;
  std::vector<int> times(kTargets + 1);
  for (int turn = 0; turn < 3 * kTargets; ++turn) {
    const Decision decision = rollout.decide(around);
    if (decision.ended_wave) (void)rollout.end_wave(*decision.ended_wave, around.now);
    if (decision.open_wave) (void)rollout.open_wave(*decision.open_wave, around.now);
    for (const int number : decision.start) {
      rollout.begun(number);
      ++times[number];
      flying.push_back(number);
    }
    REQUIRE(flying.size() <= 50);
    if (decision.finished) break;
    if (flying.empty()) continue;
    TargetRecord& record = records[flying.front() - 1];
    record.state = flying.front() % 100 == 5 ? TargetState::rolled_back : TargetState::succeeded;
    rollout.over(flying.front(), record);
    flying.erase(flying.begin());
  }
  CHECK(flying.empty());
  for (int number = 1; number <= kTargets; ++number)
    if (times[number] != (number % 100 == 10 ? 0 : 1)) FAIL("target " << number << " was begun " << times[number] << " times");
  CHECK(rollout.final_state(rollout.decide(around), false) == RunState::halted);
}
