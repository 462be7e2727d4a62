#include "cli/owner_notices.hpp"

#include "tests/support/catch.hpp"

using namespace pgconvoy;

namespace {

const WallTime kMorning = parse_utc("2026-11-30T09:00:00.000Z");

struct Notified {
  RunRecord run;
  Fleet fleet;
  RolloutRecord rollout;
  std::vector<TargetRecord> targets;
  std::vector<Event> own;

  explicit Notified(int count) {
    run.state = RunState::halted;
    fleet.regions["eu"] = {"eu", std::nullopt, "", {"01:00-05:00"}};
    fleet.notices = {Seconds(2 * 86400), Seconds(86400)};
    for (int number = 1; number <= count; ++number) {
      TargetRecord target;
      target.run = 1;
      target.number = number;
      target.id = "t" + std::to_string(number);
      targets.push_back(target);
    }
  }
  std::vector<int> due(const char* when, WallTime now = kMorning) {
    std::vector<int> numbers;
    for (const Event& event : cli::due_notices(run, fleet, rollout, targets, own, now))
      if (event.data.at("when") == when) numbers.push_back(event.data.at("target").get<int>());
    return numbers;
  }
};

}  // namespace

TEST_CASE("notices: owners are told of what is pending, as far ahead as batches reach") {
  Notified world(12);
  CHECK(world.due("before").size() == 12);
  world.rollout.options.batch = 2;
  // Two nights until their time is over, and the one after it.
  CHECK(world.due("before") == std::vector<int>{1, 2, 3, 4, 5, 6});
  for (const Event& event : cli::due_notices(world.run, world.fleet, world.rollout, world.targets, world.own, kMorning)) {
    CHECK(event.kind == EventKind::owner_notice);
    CHECK(event.data.at("at") == "2026-12-02T09:00:00.000Z");
    world.own.push_back(event);
  }
  CHECK(world.due("before").empty());  // once each
  world.targets[0].state = TargetState::running;
  world.targets[1].state = TargetState::succeeded;
  CHECK(world.due("before") == std::vector<int>{7, 8});
  world.rollout.options.notices = false;
  CHECK(world.due("before").empty());
  world.rollout.options.notices = true;
  world.run.state = RunState::finished_with_failures;
  CHECK(world.due("before").empty());
}

TEST_CASE("notices: owners are told again some time after the move, once") {
  Notified world(3);
  world.fleet.notices.before.reset();
  world.targets[0].state = TargetState::succeeded;
  world.targets[0].ended = kMorning - std::chrono::hours(24);
  world.targets[1].state = TargetState::succeeded;
  world.targets[1].ended = kMorning - std::chrono::hours(23);
  world.targets[2].state = TargetState::rolled_back;
  world.targets[2].ended = kMorning - std::chrono::hours(100);
  CHECK(world.due("after") == std::vector<int>{1});
  CHECK(world.due("before").empty());
  world.own = cli::due_notices(world.run, world.fleet, world.rollout, world.targets, world.own, kMorning);
  CHECK(world.own.at(0).data.at("at") == format_utc(*world.targets[0].ended));
  CHECK(world.due("after").empty());
  CHECK(world.due("after", kMorning + std::chrono::hours(1)) == std::vector<int>{2});
}
