#include "engine/plan/simulate.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <map>

#include "engine/plan/remaining.hpp"
#include "engine/plan/what_if.hpp"
#include "tests/engine/plan/random_fleet.hpp"

using namespace pgconvoy;
using pgconvoy::testing::SmallRandom;

namespace {

const WallTime kSunday = parse_utc("2026-11-29T20:00:00.000Z");

// Targets of known durations, without deviation or contention.
Plan plan_of(const std::vector<std::pair<std::string, double>>& targets, double spread = 0, double shared = 0) {
  Plan plan;
  for (const auto& [region, seconds] : targets) {
    plan.fleet.regions[region].id = region;
    PlannedTarget planned;
    planned.number = static_cast<int>(plan.targets.size()) + 1;
    planned.target.id = fmt::format("t{}", planned.number);
    planned.target.region = region;
    planned.placements["db"] = {region + "-13", region + "-15", ""};
    planned.seconds = seconds;
    planned.spread = spread;
    planned.shared_spread = shared;
    planned.seconds_p90 = seconds * std::exp(1.2816 * std::hypot(spread, shared));
    planned.bytes = static_cast<std::int64_t>(seconds * 1e6);
    plan.targets.push_back(planned);
  }
  plan.options.concurrency = 100;
  return plan;
}

SimulationRequest from_sunday(int draws = 50) {
  SimulationRequest request;
  request.from = kSunday;
  request.draws = draws;
  return request;
}

double hours(const Spread& spread) { return spread.p50 / 3600; }

}  // namespace

TEST_CASE("simulate: without deviation every draw is the one schedule that there is") {
  Plan plan = plan_of({{"a", 10}, {"a", 20}, {"a", 5}, {"b", 100}, {"a", 1}});
  plan.options.concurrency_per_region = 2;
  const Forecast forecast = simulate(plan, from_sunday());
  // a: 1 and 2 at once; 3 after 1, ends at 15; 5 after 3, ends at 16; 2 ends at 20.
  CHECK(forecast.regions.at("a").seconds.p50 == Approx(20));
  CHECK(forecast.regions.at("a").seconds.p90 == Approx(20));
  CHECK(forecast.regions.at("b").seconds.p10 == Approx(100));
  CHECK(forecast.seconds.p50 == Approx(100));
  CHECK(forecast.targets == 5);
  CHECK(forecast.targets_in_flight.p90 == 3);
  CHECK(forecast.bytes_in_flight.p50 == Approx(130e6));
  CHECK(forecast.not_reached.p90 == 0);
  // Each server's own peak, and what its new databases take in the end.
  REQUIRE(forecast.servers.size() == 4);
  CHECK(forecast.servers.at("a-13").targets.p90 == 2);
  CHECK(forecast.servers.at("a-15").targets.p90 == 2);
  CHECK(forecast.servers.at("b-15").targets.p90 == 1);
  CHECK(forecast.servers.at("a-15").bytes == 36'000'000);
  CHECK(forecast.servers.at("a-13").bytes == 0);
  const Forecast read = forecast_from_json(forecast_json(forecast));
  CHECK(read.servers.at("a-15").bytes == 36'000'000);
  CHECK(read.servers.at("a-15").targets.p90 == 2);
  CHECK(simulated_order(plan, kSunday) == std::vector<int>{1, 2, 4, 3, 5});
}

TEST_CASE("simulate: more at a time hinder each other as the plan says") {
  Plan plan = plan_of({{"a", 100}, {"a", 100}});
  for (PlannedTarget& planned : plan.targets) planned.beside = 2;
  plan.contention = 0.5;
  plan.options.concurrency_per_region = 2;
  CHECK(simulate(plan, from_sunday()).seconds.p50 == Approx(100));
  plan.options.concurrency_per_region = 1;  // alone each takes 100 / 2 ^ 0.5
  CHECK(simulate(plan, from_sunday()).seconds.p50 == Approx(200 / std::sqrt(2.0)));
}

TEST_CASE("simulate: the same seed gives the same figures, whatever the number of threads; quantiles are in order") {
  SmallRandom random(3);
  std::vector<std::pair<std::string, double>> targets;
  for (int i = 0; i < 200; ++i) targets.emplace_back(random.below(2) ? "a" : "b", 1 + static_cast<double>(random.below(100)));
  const Plan plan = plan_of(targets, 0.3, 0.2);
  SimulationRequest request = from_sunday(60);
  const json one = forecast_json(simulate(plan, request));
  request.threads = 1;
  CHECK(forecast_json(simulate(plan, request)) == one);
  request.seed = 2;
  CHECK(forecast_json(simulate(plan, request)) != one);
  const Forecast forecast = forecast_from_json(one);
  CHECK(forecast_json(forecast) == one);
  CHECK(forecast.seconds.p10 < forecast.seconds.p50);
  CHECK(forecast.seconds.p50 < forecast.seconds.p90);
  // What all have in common moves the end by as much: 200 targets even out the rest.
  CHECK(std::log(forecast.seconds.p90 / forecast.seconds.p50) == Approx(1.28 * 0.2).epsilon(0.3));
}

TEST_CASE("simulate: waves with soak and an answer, and batches, take the time that they take") {
  Plan plan = plan_of({{"a", 60}, {"a", 60}, {"a", 60}});
  plan.options.waves = "1,2";
  plan.options.soak = 600;
  Forecast forecast = simulate(plan, from_sunday());
  CHECK(forecast.seconds.p50 == Approx(60 + 600 + 60 + 600 + 60));
  CHECK_FALSE(forecast.approvals);
  plan.options.approve = true;
  forecast = simulate(plan, from_sunday());
  CHECK(forecast.approvals);
  CHECK(forecast.seconds.p50 == Approx(60 + 900 + 60 + 900 + 60).margin(1));
  plan.options.approve = false;
  plan.options.waves.clear();
  plan.options.batch = 2;
  forecast = simulate(plan, from_sunday());
  CHECK(forecast.rests);
  CHECK(forecast.seconds.p50 == Approx(60 + 600 + 60));
}

TEST_CASE("simulate: a window holds what ends within it, the rest waits for the next one") {
  Plan plan = plan_of({{"a", 3600}, {"a", 3600}, {"a", 3600}});
  plan.options.concurrency_per_region = 1;
  plan.fleet.regions["a"].windows = {"01:00-03:30"};
  for (const bool waits : {true, false}) {
    plan.options.wait_for_windows = waits;
    const Forecast forecast = simulate(plan, from_sunday());
    // From 20:00 it is five hours to the window; two of them are done in it, the third a day later.
    CHECK(hours(forecast.seconds) == Approx(5 + 24 + 1));
    REQUIRE(forecast.openings.size() == 2);
    CHECK(forecast.openings[0].open == parse_utc("2026-11-30T01:00:00.000Z"));
    CHECK(forecast.openings[0].close == parse_utc("2026-11-30T03:30:00.000Z"));
    CHECK(forecast.openings[0].finished.p50 == 2);
    CHECK(forecast.openings[0].left.p50 == 1);
    CHECK(forecast.openings[1].left.p50 == 0);
    CHECK(forecast.openings[0].late == 0);
    CHECK(forecast.rests != waits);
  }
  // No window is long enough: a run that waits for windows doesn't wait for that.
  plan.options.wait_for_windows = true;
  plan.targets[1].seconds = plan.targets[1].seconds_p90 = 3 * 3600;
  CHECK(simulate(plan, from_sunday()).not_reached.p50 == 1);
}

TEST_CASE("simulate: owners who are told beforehand have their time") {
  Plan plan = plan_of({{"a", 60}, {"a", 60}});
  plan.fleet.notices.before = Seconds(7200);
  CHECK(simulate(plan, from_sunday()).seconds.p50 == Approx(7200 + 60));
  plan.options.notices = false;
  CHECK(simulate(plan, from_sunday()).seconds.p50 == Approx(60));
}

TEST_CASE("simulate: what a precondition blocks holds nobody up, but for those that wait for it") {
  Plan plan = plan_of({{"a", 100}, {"a", 100}, {"a", 100}});
  Finding block;
  block.severity = Severity::block;
  plan.targets[0].findings.push_back(block);
  plan.targets[2].after = {1};
  const Forecast forecast = simulate(plan, from_sunday());
  CHECK(forecast.targets == 2);
  CHECK(forecast.not_reached.p50 == 1);
  CHECK(forecast.seconds.p50 == Approx(100));
}

TEST_CASE("simulate: another limit ends it sooner or later, and says when it makes no difference") {
  std::vector<std::pair<std::string, double>> targets(40, {"a", 30});
  Plan plan = plan_of(targets, 0.1, 0.1);
  plan.options.concurrency_per_region = 2;
  const auto asked = what_if(plan, "concurrency-per-region=1,2,4,8", from_sunday());
  REQUIRE(asked.has_value());
  REQUIRE(asked->rows.size() == 4);
  for (std::size_t i = 1; i < 4; ++i) CHECK(asked->rows[i].forecast.seconds.p50 < asked->rows[i - 1].forecast.seconds.p50 * 0.7);
  CHECK(asked->rows[1].as_planned);
  CHECK(asked->remark.empty());
  const auto useless = what_if(plan, "concurrency=50,60", from_sunday());
  REQUIRE(useless.has_value());
  CHECK(useless->remark.find("regions") != std::string::npos);
  for (const char* wrong : {"concurrency", "concurrenci=2", "concurrency=2,x", "window=01:00-02:00", "concurrency="}) CHECK_FALSE(what_if(plan, wrong, from_sunday()).has_value());
}

TEST_CASE("remaining: what has ended is off, and the pace of it is counted in") {
  std::vector<std::pair<std::string, double>> targets(60, {"a", 100});
  Plan plan = plan_of(targets, 0.1, 0.4);
  plan.options.concurrency_per_region = 1;
  RunPosition position;
  position.targets.resize(60);
  const auto untouched = forecast_rest(plan, position, kSunday);
  REQUIRE(untouched);
  CHECK_FALSE(untouched->begun);
  CHECK(untouched->rest.seconds.p50 == Approx(6000).epsilon(0.1));
  // Half is done, and took twice as long as foretold.
  for (int i = 0; i < 30; ++i) position.targets[i] = {TargetState::succeeded, false, 200, true};
  position.targets[30] = {TargetState::running, true, 150, true};
  const auto rest = forecast_rest(plan, position, kSunday);
  REQUIRE(rest);
  CHECK(rest->begun);
  CHECK(rest->pace.targets == 30);
  CHECK(std::exp(rest->pace.shift) == Approx(2).epsilon(0.05));
  CHECK(rest->rest.seconds.p50 == Approx(29 * 200 + 50).epsilon(0.06));
  CHECK(rest->rest.targets == 30);
  CHECK(rest->rest.seconds.p90 / rest->rest.seconds.p50 < untouched->rest.seconds.p90 / untouched->rest.seconds.p50);
  for (auto& target : position.targets) target.state = TargetState::succeeded, target.in_flight = false;
  CHECK_FALSE(forecast_rest(plan, position, kSunday));
}

TEST_CASE("remaining: one in flight for longer than foretold still has something to go") {
  Plan plan = plan_of({{"a", 100}}, 0.2, 0.2);
  RunPosition position;
  for (const double elapsed : {1.0, 90.0, 200.0, 5000.0}) {
    position.targets = {{TargetState::running, true, elapsed, true}};
    const auto rest = forecast_rest(plan, position, kSunday);
    REQUIRE(rest);
    INFO("after " << elapsed);
    CHECK(rest->rest.seconds.p10 > 0);
    CHECK(rest->rest.seconds.p50 < std::max(100.0, elapsed));
  }
}

TEST_CASE("remaining: a window's end that won't be met is said") {
  Plan plan = plan_of(std::vector<std::pair<std::string, double>>(10, {"a", 3600}), 0.1, 0.1);
  plan.options.concurrency_per_region = 1;
  plan.fleet.regions["a"].windows = {"19:00-23:00"};
  RunPosition position;
  position.targets.resize(10);
  const auto rest = forecast_rest(plan, position, kSunday);
  REQUIRE(rest);
  const auto warnings = window_warnings(plan.fleet, rest->rest, kSunday);
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].find("region a closes at 2026-11-29 23:00") == 0);
  CHECK(warnings[0].find("will be left") != std::string::npos);
  plan.fleet.regions["a"].windows = {"00:00-24:00"};
  plan.targets.resize(2);
  position.targets.resize(2);
  CHECK(window_warnings(plan.fleet, forecast_rest(plan, position, kSunday)->rest, kSunday).empty());
}

TEST_CASE("simulate: with a limit on pauses targets wait for a place between their preparation and their pause") {
  // Six seconds before the pause, three in it, one after.
  Plan plan = plan_of({{"a", 10}, {"a", 10}, {"a", 10}});
  for (PlannedTarget& planned : plan.targets) {
    planned.paused_seconds = 3;
    for (const auto& [seconds, paused] : std::vector<std::pair<double, bool>>{{4, false}, {2, false}, {3, true}, {1, false}}) {
      StepPlan step;
      step.path = "a";
      step.seconds = seconds;
      step.while_paused = paused;
      planned.steps.push_back(step);
    }
  }
  plan.options.concurrency_per_region = 3;
  CHECK(simulate(plan, from_sunday()).seconds.p50 == Approx(10));
  // Pauses 6-9, 9-12, 12-15, and a second after the last.
  plan.options.max_paused = 1;
  CHECK(simulate(plan, from_sunday()).seconds.p50 == Approx(16));
  plan.options.max_paused = 2;
  CHECK(simulate(plan, from_sunday()).seconds.p50 == Approx(13));
  plan.options.max_paused = 3;
  CHECK(simulate(plan, from_sunday()).seconds.p50 == Approx(10));
  // Two at a time are in flight: one is prepared while the other waits. 6-9, 9-12; the third begins at 10, pauses 16-19.
  plan.options.max_paused = 1;
  plan.options.concurrency_per_region = 2;
  CHECK(simulate(plan, from_sunday()).seconds.p50 == Approx(20));
  const auto rows = what_if(plan, "max-paused=1,none", from_sunday());
  REQUIRE(rows.has_value());
  CHECK(rows->rows[0].as_planned);
  CHECK(rows->rows[1].forecast.seconds.p50 == Approx(20));
  // One that takes no pause needs no place.
  for (PlannedTarget& planned : plan.targets) planned.paused_seconds = 0;
  plan.options.concurrency_per_region = 3;
  CHECK(simulate(plan, from_sunday()).seconds.p50 == Approx(10));
}

TEST_CASE("simulate: with a limit on pauses those under way are taken up where their time says that they are") {
  Plan plan = plan_of({{"a", 10}, {"a", 10}});
  for (PlannedTarget& planned : plan.targets) planned.paused_seconds = 4;  // an outline: six seconds before it, none after
  plan.options.max_paused = 1;
  RunPosition position;
  position.targets.resize(2);
  for (auto& target : position.targets) target.state = TargetState::running, target.in_flight = true, target.seconds = 8;
  // Both are in their pause, more than may be: nobody waits.
  auto rest = forecast_rest(plan, position, kSunday, 1000);
  REQUIRE(rest.has_value());
  CHECK(rest->rest.seconds.p50 == Approx(2).margin(0.2));
  // The second is to be prepared for three seconds more, and waits for nobody then.
  position.targets[1].seconds = 3;
  rest = forecast_rest(plan, position, kSunday, 1000);
  REQUIRE(rest.has_value());
  CHECK(rest->rest.seconds.p50 == Approx(7).margin(0.2));
  // The first is paused for three seconds more, for which the second waits one.
  position.targets[0].seconds = 7;
  position.targets[1].seconds = 4;
  rest = forecast_rest(plan, position, kSunday, 1000);
  REQUIRE(rest.has_value());
  CHECK(rest->rest.seconds.p50 == Approx(7).margin(0.2));
}
