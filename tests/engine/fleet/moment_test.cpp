#include "engine/fleet/moment.hpp"

#include "engine/plan/schedule.hpp"
#include "engine/plan/plan.hpp"
#include "tests/engine/fleet/example.hpp"
#include "tests/support/catch.hpp"

using namespace pgconvoy;
using namespace pgconvoy::testing;
using Catch::Contains;

TEST_CASE("moment: a day, or a time with its zone") {
  CHECK(parse_moment("2026-12-20") == parse_utc("2026-12-20T00:00:00.000Z"));
  CHECK(parse_moment("2026-12-20", true) == parse_utc("2026-12-21T00:00:00.000Z"));
  CHECK(parse_moment("2026-12-20T18:00Z", true) == parse_utc("2026-12-20T18:00:00.000Z"));
  CHECK(parse_moment("2026-12-20T18:00:30+01:00") == parse_utc("2026-12-20T17:00:30.000Z"));
  CHECK(parse_moment("2026-01-01T00:30+0130") == parse_utc("2025-12-31T23:00:00.000Z"));
  CHECK(format_moment(parse_utc("2026-12-20T18:00:00.000Z")) == "2026-12-20T18:00:00Z");
  for (const auto* wrong : {"", "2026-02-30", "2026-12-20T18:00", "2026-12-20T24:00Z", "20261220", "2026-12-20Z", "2026-12-20T18:00Zx", "x"})
    CHECK_FALSE(parse_moment(wrong));
}

TEST_CASE("fleet file: freezes are read, and hold targets by their environments") {
  const std::string freezes = "freezes:\n  - {environment: 'shop-*', from: 2026-12-20, until: 2026-12-24, reason: the Christmas sale}\n";
  CHECK(problems_of(kExample + freezes).empty());
  CHECK_THAT(problem_of(kExample + "freezes:\n  - {from: tomorrow, until: 2026-12-24, reason: x}\n"), Contains("from is \"tomorrow\""));
  CHECK_THAT(problem_of(kExample + "freezes:\n  - {from: 2026-12-25, until: 2026-12-24, reason: x}\n"), Contains("ends before it begins"));
  CHECK_THAT(problem_of(kExample + "freezes:\n  - {from: 2026-12-20, until: 2026-12-24}\n"), Contains("reason"));

  Plan plan;
  plan.fleet.freezes = {{"shop-*", parse_utc("2026-12-20T00:00:00.000Z"), parse_utc("2026-12-25T00:00:00.000Z"), "the sale"}};
  plan.targets.resize(2);
  plan.targets[0].number = 1, plan.targets[1].number = 2;
  plan.targets[0].target.environments = {"forum-live", "shop-live"};
  plan.targets[1].target.environments = {"forum-test"};
  const auto candidates = candidates_of(plan);
  REQUIRE(candidates.at(0).freezes.size() == 1);
  CHECK(candidates.at(0).freezes[0].reason == "the sale");
  CHECK(candidates.at(1).freezes.empty());
}
