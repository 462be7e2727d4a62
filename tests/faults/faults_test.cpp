#include "tests/faults/faults.hpp"

#include <filesystem>
#include <fstream>

#include "tests/support/catch.hpp"
#include "tests/support/loop.hpp"

using namespace pgconvoy;
using faults::Act;

TEST_CASE("a list of faults is read, and what is none is refused") {
  auto planned = faults::parse_faults("exit-before@7,refuse@9*");
  REQUIRE(planned);
  faults::Faults all(*std::move(planned), "");
  for (int n = 1; n <= 6; ++n) CHECK(all.at("sql", "x") == Act::none);
  CHECK(all.at("sql", "x") == Act::exit_before);
  CHECK(all.at("sql", "x") == Act::none);
  CHECK(all.at("sql", "y") == Act::refuse);
  CHECK(all.at("sql", "x") == Act::none);
  CHECK(all.at("platform", "y") == Act::none);
  CHECK(all.at("sql", "y") == Act::refuse);
  for (const char* wrong : {"exit", "exit@x", "refuse@1**", "nothing@1", "refuse@1 ,refuse@2"}) CHECK_FALSE(faults::parse_faults(wrong));
}

TEST_CASE("what only reads is no effect") {
  for (const char* reads : {"select oid from pg_database where datname = $1", "show pools", "  SELECT 'drop database'", "begin",
                            "with a as (select 1) select * from a"})
    CHECK_FALSE(faults::changes_something(reads));
  for (const char* changes : {"alter database \"x\" allow_connections false", "select pid, pg_terminate_backend(pid) from pg_stat_activity",
                              "DROP DATABASE x", "select pg_try_advisory_lock($1::bigint)", "begin; grant a to b; commit", "PAUSE shop"})
    CHECK(faults::changes_something(changes));
}

TEST_CASE("an effect that is refused does not take place; of one that is lost the outcome is unknown") {
  faults::Faults all(*faults::parse_faults("refuse@1,lose@2"), "");
  int calls = 0;
  const auto call = [&]() -> Task<Result<int>> { co_return ++calls; };
  auto refused = testing::run(faults::effect<int>(all, "platform", "page_on", call));
  REQUIRE_FALSE(refused);
  CHECK(calls == 0);
  CHECK(refused.error().retryable);
  auto lost = testing::run(faults::effect<int>(all, "platform", "page_on", call));
  REQUIRE_FALSE(lost);
  CHECK(calls == 1);
  CHECK(lost.error().outcome_unknown);
  CHECK(*testing::run(faults::effect<int>(all, "platform", "page_on", call)) == 2);
}
