#include "engine/plan/region_windows.hpp"

#include "engine/plan/plan.hpp"

#include "tests/support/catch.hpp"

using namespace pgconvoy;
using Catch::Contains;

namespace {

Fleet two_regions() {
  Fleet fleet;
  fleet.regions["eu"] = {"eu", std::nullopt, "Europe/Berlin", {"mon-fri 01:00-05:00"}};
  fleet.regions["us"] = {"us", std::nullopt, "", {}};
  return fleet;
}

WallTime minute(const std::string& text) { return parse_utc(text + ":00.000Z"); }

Candidate moved_in(int number, const std::string& region, double seconds) {
  Candidate candidate;
  candidate.number = number;
  candidate.id = region + std::to_string(number);
  candidate.region = region;
  candidate.seconds = seconds;
  return candidate;
}

// Two targets in eu, the second one long, and one in us; all pending.
Schedule three_pending() {
  Schedule schedule({moved_in(1, "eu", 600), moved_in(2, "eu", 3 * 3600), moved_in(3, "us", 3 * 3600)});
  for (int number = 1; number <= 3; ++number) schedule.stands(number, Standing::pending);
  return schedule;
}

Decision decide_at(RegionWindows& windows, const Schedule& schedule, const Limits& limits, const std::string& text) {
  Surroundings around;
  around.now = minute(text);
  around.openings = windows.at(around.now);
  return decide(schedule, limits, around);
}

}  // namespace

TEST_CASE("windows: a region's openings follow the time") {
  RegionWindows windows(two_regions(), "");
  // 27 November 2026 is a Friday.
  const auto closed = windows.at(minute("2026-11-26T22:00"));
  REQUIRE(closed.size() == 1);
  CHECK(closed.at("eu").not_before == minute("2026-11-27T00:00"));
  CHECK_THAT(closed.at("eu").reason, Contains("region eu is closed until 2026-11-27 01:00 CET"));
  const auto open = windows.at(minute("2026-11-27T00:00"));
  CHECK(open.at("eu").not_after == minute("2026-11-27T04:00"));
  CHECK_THAT(open.at("eu").reason, Contains("region eu closes at 2026-11-27 05:00 CET"));
  CHECK(windows.at(minute("2026-11-27T04:00")).at("eu").not_before == minute("2026-11-30T00:00"));
}

TEST_CASE("windows: those of a run stand for the fleet's, always for none") {
  RegionWindows of_run(two_regions(), "10:00-11:00; sun 12:00-13:00");
  const auto openings = of_run.at(minute("2026-11-29T10:30"));
  CHECK(openings.at("eu").not_before == minute("2026-11-29T11:00"));
  CHECK(openings.at("us").not_after == minute("2026-11-29T11:00"));
  CHECK(RegionWindows(two_regions(), "always").at(minute("2026-11-29T10:30")).empty());
  CHECK(parse_windows("10:00-11:00;11:00-12:00").value().size() == 2);
  CHECK_FALSE(parse_windows("10:00-11:00;").has_value());
  CHECK_FALSE(parse_windows("never").has_value());
}

TEST_CASE("windows: nothing starts that would end after its region closes, and the run rests when only that is left") {
  RegionWindows windows(two_regions(), "");
  Schedule schedule = three_pending();
  Limits limits;
  CHECK(decide_at(windows, schedule, limits, "2026-11-27T00:30").start == std::vector<int>{1, 2, 3});
  const Decision late = decide_at(windows, schedule, limits, "2026-11-27T02:00");
  CHECK(late.start == std::vector<int>{1, 3});
  REQUIRE(late.waits.size() == 1);
  CHECK(late.waits[0].why == Wait::Why::opening);
  CHECK(decide_at(windows, schedule, limits, "2026-11-27T04:00").start == std::vector<int>{3});

  schedule.stands(3, Standing::succeeded);
  const Decision closed = decide_at(windows, schedule, limits, "2026-11-27T04:00");
  CHECK(closed.start.empty());
  CHECK(closed.finished);
  CHECK_FALSE(closed.halted);
  CHECK(closed.wait_until == minute("2026-11-30T00:00"));
  limits.wait_for_openings = true;
  CHECK_FALSE(decide_at(windows, schedule, limits, "2026-11-27T04:00").finished);
}

TEST_CASE("windows: one that is too short for what is left is no reason to wait for ever") {
  RegionWindows windows(two_regions(), "01:00-02:00");
  Schedule schedule({moved_in(1, "eu", 3 * 3600)});
  schedule.stands(1, Standing::pending);
  Limits limits;
  const Decision decision = decide_at(windows, schedule, limits, "2026-11-27T00:30");
  CHECK(decision.start.empty());
  CHECK(decision.finished);
  REQUIRE(decision.waits.size() == 1);
  CHECK_THAT(decision.waits[0].text, Contains("would end too late"));
}

TEST_CASE("windows: a batch rests when so many were begun, and finishes what was interrupted all the same") {
  Schedule schedule = three_pending();
  Limits limits;
  limits.batch = 2;
  Surroundings around;
  CHECK(decide(schedule, limits, around).start == std::vector<int>{1, 2});
  schedule.stands(1, Standing::succeeded);
  schedule.stands(2, Standing::interrupted);
  around.begun = 2;
  const Decision through = decide(schedule, limits, around);
  CHECK(through.start == std::vector<int>{2});
  schedule.stands(2, Standing::succeeded);
  const Decision rests = decide(schedule, limits, around);
  CHECK(rests.finished);
  REQUIRE(rests.waits.size() == 1);
  CHECK(rests.waits[0].why == Wait::Why::batch);
}

TEST_CASE("windows: an environment's own hold within its region's, and don't hold up a wave") {
  Plan plan;
  plan.fleet = two_regions();
  for (const char* id : {"shop", "blog", "wiki"}) {
    Environment environment;
    environment.id = id;
    environment.region = id == std::string("wiki") ? "us" : "eu";
    if (id != std::string("blog")) environment.windows = {"03:00-04:00"};
    plan.fleet.environments[id] = environment;
    PlannedTarget planned;
    planned.number = static_cast<int>(plan.targets.size()) + 1;
    planned.target.id = id;
    planned.target.region = environment.region;
    planned.target.environments = {id};
    planned.seconds = 600;  // 15 minutes with the margin
    plan.targets.push_back(planned);
  }
  Schedule schedule(candidates_of(plan), {1, 3});
  for (int number = 1; number <= 3; ++number) schedule.stands(number, Standing::pending);
  Limits limits;
  RegionWindows windows(plan.fleet, "");
  using Numbers = std::vector<int>;
  // Berlin is an hour ahead; wiki's region has no windows, and the clock of UTC.
  auto decision = decide_at(windows, schedule, limits, "2026-11-27T01:00");
  CHECK(decision.start.empty());
  CHECK(decision.ended_wave == 1);  // shop is left aside, as one that is frozen
  schedule.wave_ended(minute("2026-11-27T01:00"));
  schedule.open_wave(2);
  decision = decide_at(windows, schedule, limits, "2026-11-27T01:00");
  CHECK(decision.start == Numbers{2});
  REQUIRE_FALSE(decision.waits.empty());
  CHECK_THAT(decision.waits[0].text, Contains("its own window opens at 2026-11-27 03:00 CET"));
  CHECK(decision.waits[0].until == minute("2026-11-27T02:00"));
  schedule.stands(2, Standing::succeeded);
  CHECK(decide_at(windows, schedule, limits, "2026-11-27T02:30").start == Numbers{1});
  decision = decide_at(windows, schedule, limits, "2026-11-27T02:50");  // it would end after four
  CHECK(decision.start.empty());
  REQUIRE_FALSE(decision.waits.empty());
  CHECK_THAT(decision.waits.back().text, Contains("would end too late: its own window closes at 2026-11-27 04:00 CET"));
  CHECK(decide_at(windows, schedule, limits, "2026-11-27T03:30").start == Numbers{3});
  CHECK(decide_at(windows, schedule, limits, "2026-11-28T02:30").start.empty());  // a Saturday: the region is closed
  RegionWindows never(plan.fleet, "always");
  CHECK(decide_at(never, schedule, limits, "2026-11-28T02:30").start == Numbers{1, 3});
}
