#include "engine/plan/schedule.hpp"

#include <catch2/catch.hpp>

using namespace pgconvoy;
using S = TargetState;

namespace {

Candidate candidate(int number, const std::string& region, S state = S::pending, bool in_flight = false) {
  return {number, region, state, in_flight};
}

using Numbers = std::vector<int>;

}  // namespace

TEST_CASE("schedule: pending targets start in order, as far as the limits allow") {
  std::vector<Candidate> six;
  for (int n = 1; n <= 6; ++n) six.push_back(candidate(n, n <= 4 ? "a" : "b"));
  Limits limits{.overall = 8, .per_region = 2};
  CHECK(decide(six, limits, RunIntent::none).start == Numbers{1, 2, 5, 6});
  limits.overall = 3;
  CHECK(decide(six, limits, RunIntent::none).start == Numbers{1, 2, 5});
  limits.of_region = {{"a", 1}, {"b", 5}};
  CHECK(decide(six, limits, RunIntent::none).start == Numbers{1, 5, 6});
  limits.of_region["a"] = 0;
  CHECK(decide(six, limits, RunIntent::none).start == Numbers{5, 6});
}

TEST_CASE("schedule: what is in flight takes its place") {
  const std::vector<Candidate> some{candidate(1, "a", S::running, true), candidate(2, "a"), candidate(3, "a"),
                                    candidate(4, "b", S::rolling_back, true), candidate(5, "b", S::pending, true)};
  const auto decision = decide(some, {.overall = 8, .per_region = 2}, RunIntent::none);
  CHECK(decision.start == Numbers{2});
  CHECK_FALSE(decision.finished);
  CHECK(decide(some, {.overall = 3, .per_region = 8}, RunIntent::none).start.empty());
}

TEST_CASE("schedule: interrupted targets go first, within the limits") {
  const std::vector<Candidate> some{candidate(1, "a"), candidate(2, "a", S::running),
                                    candidate(3, "a", S::rolling_back), candidate(4, "a", S::running)};
  CHECK(decide(some, {.overall = 8, .per_region = 8}, RunIntent::none).start == Numbers{2, 3, 4, 1});
  CHECK(decide(some, {.overall = 8, .per_region = 2}, RunIntent::none).start == Numbers{2, 3});
}

TEST_CASE("schedule: a spent failure budget holds back what is pending, not what was interrupted") {
  std::vector<Candidate> some{candidate(1, "a", S::rolled_back), candidate(2, "a", S::stuck),
                              candidate(3, "a", S::skipped), candidate(4, "a"), candidate(5, "a", S::running)};
  Limits limits{.overall = 8, .per_region = 8, .max_failures = 2};
  auto decision = decide(some, limits, RunIntent::none);
  CHECK_FALSE(decision.halted);
  CHECK(decision.start == Numbers{5, 4});
  limits.max_failures = 1;
  decision = decide(some, limits, RunIntent::none);
  CHECK(decision.halted);
  CHECK(decision.start == Numbers{5});
  some[4].in_flight = true;
  decision = decide(some, limits, RunIntent::none);
  CHECK(decision.start.empty());
  CHECK_FALSE(decision.finished);
  some[4] = candidate(5, "a", S::succeeded);
  CHECK(decide(some, limits, RunIntent::none).finished);
  limits.max_failures.reset();
  CHECK(decide(some, limits, RunIntent::none).start == Numbers{4});
}

TEST_CASE("schedule: nothing held back is not halted, however many failed") {
  const std::vector<Candidate> some{candidate(1, "a", S::stuck), candidate(2, "a", S::succeeded)};
  const auto decision = decide(some, {.max_failures = 0}, RunIntent::none);
  CHECK_FALSE(decision.halted);
  CHECK(decision.finished);
}

TEST_CASE("schedule: paused starts nothing, cancelled only what must be brought to an end") {
  const std::vector<Candidate> some{candidate(1, "a"), candidate(2, "a", S::running)};
  CHECK(decide(some, {}, RunIntent::pause).start.empty());
  CHECK(decide(some, {}, RunIntent::pause).finished);
  CHECK(decide(some, {}, RunIntent::cancel).start == Numbers{2});
  CHECK(decide({}, {}, RunIntent::none).finished);
}

TEST_CASE("schedule: the failure budget is a number or a share, rounded up") {
  CHECK(failure_budget("0", 100) == 0);
  CHECK(failure_budget("3", 100) == 3);
  CHECK(failure_budget("5%", 100) == 5);
  CHECK(failure_budget("7%", 100) == 7);
  CHECK(failure_budget("5%", 101) == 6);
  CHECK(failure_budget("1%", 3) == 1);
  CHECK(failure_budget("0%", 100) == 0);
  CHECK(failure_budget("100%", 7) == 7);
  CHECK(failure_budget("2.5%", 7326) == 184);
  for (const auto* wrong :
       {"", "%", "-1", "-1%", "101%", "5 %", " 5", "5x", "five", "5%%", "1e2%", "nan%", "99999999999"})
    CHECK_FALSE(failure_budget(wrong, 100));
}
