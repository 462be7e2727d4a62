#include "engine/plan/budget.hpp"

#include <catch2/catch.hpp>

using namespace pgconvoy;

TEST_CASE("budget: a number or a share, rounded up") {
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

TEST_CASE("budget: out of reach counts as failed, asked for or blocked doesn't") {
  const auto reason = [](const char* kind) { return json{{"reason", "x"}, {"error", {{"kind", kind}, {"message", "x"}}}}; };
  using T = TargetState;
  CHECK(counts_as_failure(T::stuck, reason("cancelled")));
  CHECK(counts_as_failure(T::rolled_back, reason("sql")));
  CHECK_FALSE(counts_as_failure(T::rolled_back, reason("cancelled")));
  CHECK(counts_as_failure(T::skipped, reason("unreachable")));
  CHECK(counts_as_failure(T::skipped, reason("timeout")));
  CHECK_FALSE(counts_as_failure(T::skipped, reason("cancelled")));
  CHECK_FALSE(counts_as_failure(T::skipped, {{"reason", "x"}, {"findings", {{{"condition", "encoding_and_locale_available"}}}}}));
  CHECK(counts_as_failure(T::skipped, {{"reason", "x"}, {"findings", {{{"condition", "servers_reachable"}}}}}));
  CHECK_FALSE(counts_as_failure(T::succeeded, json()));
  CHECK_FALSE(counts_as_failure(T::pending, reason("sql")));
}
