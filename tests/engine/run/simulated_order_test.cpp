// The simulation against the runner itself: the same plan, the same order.
#include "engine/plan/simulate.hpp"
#include "tests/engine/plan/random_fleet.hpp"
#include "tests/engine/run/fake_world.hpp"

using namespace pgconvoy;
using namespace pgconvoy::test;

namespace {

std::vector<int> claimed_order(const FakeWorld& world) {
  std::vector<int> numbers;
  for (const Event& event : world.heard.events)
    if (event.kind == EventKind::target_claimed) numbers.push_back(event.target);
  return numbers;
}

}  // namespace

TEST_CASE("simulate: targets are begun in the order in which the runner begins them") {
  pgconvoy::testing::SmallRandom random(5);
  for (int round = 0; round < 12; ++round) {
    const int targets = 3 + static_cast<int>(random.below(12));
    FakeWorld world({"a"}, targets);
    world.plan.options.concurrency = 1;
    if (random.below(2)) world.plan.options.waves = "1,40%";
    for (PlannedTarget& planned : world.plan.targets) {
      planned.seconds = planned.seconds_p90 = 1 + static_cast<double>(random.below(50));
      const std::string region = random.below(2) ? "north" : "south";
      planned.target.region = region;
      world.plan.fleet.regions[region].id = region;
      world.plan.fleet.environments[planned.target.id].region = region;
      // Live targets wait for tests, whose numbers are lower.
      if (planned.number > 2 && random.below(3) == 0) planned.after = {1 + static_cast<int>(random.below(static_cast<std::uint64_t>(planned.number) - 1))};
    }
    const std::vector<int> foretold = simulated_order(world.plan, world.clock.now);
    CHECK(world.ended(world.forward()) == RunState::succeeded);
    INFO("round " << round);
    CHECK(static_cast<int>(foretold.size()) == targets);
    CHECK(claimed_order(world) == foretold);
  }
}
