#include "engine/plan/run_settings.hpp"

#include <catch2/catch.hpp>

#include "engine/plan/throttle.hpp"

using namespace pgconvoy;
using Catch::Contains;

TEST_CASE("run settings: each takes what it shows, and shows what it took") {
  RunOptions options;
  for (const RunSetting& setting : run_settings()) {
    INFO(setting.name);
    CHECK(change(options, setting.name, value_of(options, setting.name)));
  }
  const std::map<std::string, std::string> values{
      {"concurrency", "12"}, {"concurrency-per-region", "3"}, {"concurrency-per-source", "2"}, {"concurrency-per-target", "1"}, {"max-paused", "2"},
      {"max-failures", "5%"}, {"max-failures-per-wave", "1"}, {"max-failures-per-region", "2.5%"}, {"soak", "1h30m"}, {"approve", "yes"},
      {"test-first", "no"}, {"throttle-when", "active>50,lag>10s"}};
  for (const auto& [name, value] : values) {
    INFO(name);
    REQUIRE(change(options, name, value));
    CHECK(value_of(options, name) == value);
  }
  REQUIRE(change(options, "bytes-in-flight", "50GB"));
  CHECK(options.bytes_in_flight == 50LL * 1024 * 1024 * 1024);
  CHECK(json(options).get<RunOptions>().bytes_in_flight == options.bytes_in_flight);
  CHECK(json(json(options).get<RunOptions>()) == json(options));
  CHECK(json(options).get<RunOptions>().max_paused == 2);
  REQUIRE(change(options, "max-paused", "none"));
  CHECK_FALSE(options.max_paused);
  CHECK_FALSE(json(options).contains("max_paused"));
  REQUIRE(change(options, "concurrency-per-source", "none"));
  CHECK_FALSE(options.concurrency_per_source);
}

TEST_CASE("run settings: what isn't one, and a value that it doesn't take, changes nothing and is named") {
  RunOptions options;
  const json before = options;
  CHECK_THAT(change(options, "concurency", "2").error().message, Contains("did you mean \"concurrency\"?"));
  const std::pair<const char*, const char*> wrong[] = {{"concurrency", "0"}, {"concurrency", "none"}, {"max-paused", "0"}, {"concurrency", "2x"}, {"max-failures", "none"},
                                                       {"max-failures", "101%"}, {"soak", "10"}, {"approve", "maybe"}, {"bytes-in-flight", "50 GiB"},
                                                       {"throttle-when", "active"}, {"throttle-when", "active>1,active>2"}, {"min-free-disk", ""}};
  for (const auto& [name, value] : wrong) {
    INFO(name << "=" << value);
    const auto done = change(options, name, value);
    REQUIRE_FALSE(done);
    CHECK_THAT(done.error().message, Catch::StartsWith(name));
    CHECK(json(options) == before);
  }
}

TEST_CASE("run settings: a region's own limit of the fleet file holds until somebody sets the one for all") {
  Fleet fleet;
  fleet.regions["a"].concurrency = 5;
  RunOptions options;
  CHECK(limits_of(options, fleet).of_region.at("a") == 5);
  REQUIRE(change(options, "concurrency-per-region", "1"));
  CHECK(limits_of(options, fleet).of_region.empty());
  CHECK(limits_of(options, fleet).per_region == 1);
}

TEST_CASE("bytes: with the units that people write") {
  CHECK(parse_bytes("1024") == 1024);
  CHECK(parse_bytes("1kB") == 1024);
  CHECK(parse_bytes("1.5 GB") == 1610612736);
  CHECK(parse_bytes("0") == 0);
  for (const auto* wrong : {"", "GB", "-1", "1 gb", "1e3", "1GBB"}) CHECK_FALSE(parse_bytes(wrong));
}

TEST_CASE("throttle: a server is busy with more than a rule allows; what isn't known holds nothing") {
  const auto throttle = parse_throttle("lag>1m,active>50,load>8.5");
  REQUIRE(throttle);
  CHECK(throttle->replication_lag == 60);
  CHECK(busy_because(*throttle, {}).empty());
  CHECK(busy_because(*throttle, {.active_sessions = 50, .replication_lag = 60, .load = 8.5}).empty());
  CHECK_THAT(busy_because(*throttle, {.active_sessions = 51}), Contains("51 active sessions, more than 50"));
  CHECK_THAT(busy_because(*throttle, {.replication_lag = 61}), Contains("a standby is"));
  CHECK_THAT(busy_because(*throttle, {.load = 9}), Contains("a load of 9.0"));
  CHECK(busy_because({}, {.active_sessions = 1000}).empty());
  for (const auto* wrong : {"active>", "active<5", "cpu>5", "lag>5", "active>5,", "active>x"}) CHECK_FALSE(parse_throttle(wrong));
}
