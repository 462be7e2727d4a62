#include "engine/fleet/ad_hoc.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>

#include "engine/fleet/file.hpp"

using namespace pgconvoy;
using Catch::Matchers::Contains;

namespace {

constexpr const char* kSource = "postgresql://postgres@127.0.0.1:5433/postgres";
constexpr const char* kTarget = "host=127.0.0.1 port=5435 user=postgres";

std::string failure(const std::string& source, const std::string& target, const std::string& service = "pg15") {
  const auto fleet = ad_hoc_fleet(source, target, "pg13", service);
  REQUIRE_FALSE(fleet.has_value());
  CHECK(fleet.error().kind == ErrorKind::usage);
  return describe(fleet.error());
}

}  // namespace

TEST_CASE("ad hoc: two URLs make a fleet of one region and two servers") {
  unsetenv(kSourcePasswordVariable);
  setenv(kTargetPasswordVariable, "hunter2", 1);
  const auto fleet = ad_hoc_fleet(kSource, kTarget, "pg13", "pg15");
  unsetenv(kTargetPasswordVariable);
  REQUIRE(fleet.has_value());
  CHECK(fleet->regions.size() == 1);
  CHECK(fleet->servers.at("source") == Server{"source", "default", "pg13", kSource, {}});
  CHECK(fleet->servers.at("target").service == "pg15");
  CHECK(fleet->servers.at("target").password.environment == kTargetPasswordVariable);
  CHECK_THAT(json(*fleet).dump(), !Contains("hunter2"));
  CHECK(parse_fleet(fleet_to_yaml(*fleet), "/").fleet == *fleet);
}

TEST_CASE("ad hoc: a password in an argument is refused with the ways to give it, and not repeated") {
  for (const std::string url :
       {"postgresql://u:hunter2@h/d", "host=h password=hunter2", "postgresql://h/d?password=hunter2"}) {
    const std::string text = failure(kSource, url);
    CHECK_THAT(text,
               !Contains("hunter2") && Contains("--target must not contain a password") && Contains("PGPASSWORD"));
    CHECK_THAT(text, Contains(kTargetPasswordVariable) && Contains("env") && Contains("file") && Contains("passfile") &&
                         Contains("command"));
  }
  CHECK_THAT(failure("postgresql://u:hunter2@[::1/d", kTarget), Contains("--source: ") && !Contains("hunter2"));
}

TEST_CASE("ad hoc: one server for both, or one service for both, is refused") {
  CHECK_THAT(failure(kSource, "host=127.0.0.1 port=5433 dbname=other"), Contains("the same server"));
  CHECK_THAT(failure(kSource, kTarget, "pg13"), Contains("both offer the service pg13"));
}
