#include <catch2/catch.hpp>

#include "engine/plan/placement.hpp"
#include "tests/engine/plan/fake_operations.hpp"
#include "tests/engine/plan/random_fleet.hpp"

using namespace pgconvoy;
using namespace pgconvoy::testing;
using Catch::Contains;

namespace {

Runbook moving(const std::string& from, const std::string& to) {
  Runbook runbook;
  runbook.name = "move";
  runbook.operations = {
      {"collect_service_instances", {{"service", from}}, {}},
      {"with_maintenance_page", json::object(), {{"reprovision_collected_instances", {{"to", to}}, {}}}}};
  return runbook;
}

const Requirements k13To15{"postgresql-database-13", "provisioned", "postgresql-database-15"};

Fleet one_region() {
  Fleet fleet;
  fleet.servers["old"] = {"old", "r", "postgresql-database-13", "", {}};
  fleet.servers["new"] = {"new", "r", "postgresql-database-15", "", {}};
  Instance instance;
  instance.id = "shop";
  instance.server = "old";
  fleet.instances["shop"] = instance;
  return fleet;
}

const Target kShopOnly{"shop", "r", {}, {"shop"}};

}  // namespace

TEST_CASE("requirements: what the operations say, inside of brackets too") {
  const auto found = requirements_of(moving("a-13", "a-15"), upgrade_operations());
  REQUIRE(found.has_value());
  CHECK(found->source_service == "a-13");
  CHECK(found->source_state == "provisioned");
  CHECK(found->target_service == "a-15");
}

TEST_CASE("requirements: operations that contradict each other are refused by name") {
  Runbook runbook = moving("a-13", "a-15");
  runbook.operations.push_back({"collect_service_instances", {{"service", "b-13"}}, {}});
  const auto found = requirements_of(runbook, upgrade_operations());
  REQUIRE_FALSE(found.has_value());
  CHECK(found.error().kind == ErrorKind::usage);
  CHECK_THAT(found.error().message, Contains("collect_service_instances") && Contains("a-13") && Contains("b-13"));
}

TEST_CASE("requirements: a move to the same service, an unknown operation and bad arguments are refused") {
  CHECK_THAT(requirements_of(moving("a-13", "a-13"), upgrade_operations()).error().message, Contains("same service"));
  Runbook unknown = moving("a-13", "a-15");
  unknown.operations.push_back({"fly", json::object(), {}});
  CHECK_THAT(requirements_of(unknown, upgrade_operations()).error().message, Contains("fly"));
  Runbook wrong = moving("a-13", "a-15");
  wrong.operations[1].arguments["pause"] = "perhaps";
  CHECK_THAT(requirements_of(wrong, upgrade_operations()).error().message, Contains("pause"));
}

TEST_CASE("placement: an instance moves from its server to the region's one server of the wanted service") {
  const auto placed = place(one_region(), kShopOnly, k13To15);
  REQUIRE(placed.has_value());
  REQUIRE(placed->size() == 1);
  CHECK(placed->at("shop").source_server == "old");
  CHECK(placed->at("shop").target_server == "new");
}

TEST_CASE("placement: no server, two servers, and one server for both are errors that name them") {
  Fleet none = one_region();
  none.servers.erase("new");
  CHECK_THAT(place(none, kShopOnly, k13To15).error().message, Contains("region r") && Contains("postgresql-database-15"));

  Fleet elsewhere = one_region();
  elsewhere.servers["new"].region = "other";
  CHECK_FALSE(place(elsewhere, kShopOnly, k13To15).has_value());

  Fleet two = one_region();
  two.servers["newer"] = {"newer", "r", "postgresql-database-15", "", {}};
  CHECK_THAT(place(two, kShopOnly, k13To15).error().message, Contains("new, newer"));

  Requirements same = k13To15;
  same.target_service = same.source_service;
  CHECK_THAT(place(one_region(), kShopOnly, same).error().message, Contains("source and target"));
}

TEST_CASE("placement: a target without anything to move needs no server") {
  Fleet fleet = one_region();
  fleet.instances["shop"].state = "suspended";
  fleet.servers.erase("new");
  const auto placed = place(fleet, kShopOnly, k13To15);
  REQUIRE(placed.has_value());
  CHECK(placed->empty());
}

TEST_CASE("placement: on random fleets exactly the collected instances are placed, inside of their region") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const Fleet fleet = random_fleet(seed);
    for (const Target& target : group_targets(fleet)) {
      INFO("seed " << seed << ", target " << target.id);
      const auto placed = place(fleet, target, k13To15);
      REQUIRE(placed.has_value());
      std::vector<std::string> ids;
      for (const auto& [id, placement] : *placed) {
        ids.push_back(id);
        CHECK(fleet.servers.at(placement.source_server).service == k13To15.source_service);
        CHECK(fleet.servers.at(placement.target_server).service == k13To15.target_service);
        CHECK(fleet.servers.at(placement.target_server).region == target.region);
      }
      CHECK(ids == collected_instances(fleet, target, k13To15));
    }
  }
}
