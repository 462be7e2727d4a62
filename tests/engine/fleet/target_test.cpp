#include "engine/fleet/target.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace pgconvoy;

namespace {

Fleet fleet_of(const std::map<std::string, std::vector<std::string>>& bindings,
               const std::vector<std::string>& instances) {
  Fleet fleet;
  fleet.regions["r"].id = "r";
  fleet.servers["s"] = {"s", "r", "postgresql-database-13", "host=s", {}};
  for (const std::string& id : instances) fleet.instances[id] = {id, "s", id, id, "provisioned", {}, {}};
  for (const auto& [id, bound] : bindings) {
    Environment& environment = fleet.environments[id];
    environment.id = id;
    environment.region = "r";
    for (const std::string& instance : bound) environment.bindings.push_back({instance, {}});
  }
  return fleet;
}

}  // namespace

TEST_CASE("targets: an environment with its databases is one") {
  const auto targets = group_targets(fleet_of({{"e", {"b", "a"}}}, {"a", "b"}));
  REQUIRE(targets.size() == 1);
  CHECK(targets[0] == Target{"e", "r", {"e"}, {"a", "b"}});
}

TEST_CASE("targets: what shares a database, over any number of steps, is one") {
  const auto targets =
      group_targets(fleet_of({{"c", {"1", "2"}}, {"a", {"2", "3"}}, {"b", {"3"}}, {"d", {"4"}}}, {"1", "2", "3", "4"}));
  REQUIRE(targets.size() == 2);
  CHECK(targets[0] == Target{"a", "r", {"a", "b", "c"}, {"1", "2", "3"}});
  CHECK(targets[1] == Target{"d", "r", {"d"}, {"4"}});
}

TEST_CASE("targets: an instance that nobody binds is one by itself, an environment without databases too") {
  const auto targets = group_targets(fleet_of({{"m", {}}}, {"a", "z"}));
  REQUIRE(targets.size() == 3);
  CHECK(targets[0] == Target{"a", "r", {}, {"a"}});
  CHECK(targets[1] == Target{"m", "r", {"m"}, {}});
  CHECK(targets[2] == Target{"z", "r", {}, {"z"}});
}

TEST_CASE("targets: the order of bindings doesn't matter, and every thing is in exactly one target") {
  std::map<std::string, std::vector<std::string>> bindings;
  std::vector<std::string> instances;
  for (int number = 0; number < 200; ++number) {
    instances.push_back("i" + std::to_string(number));
    bindings["e" + std::to_string(number)] = {"i" + std::to_string(number * 7 % 200),
                                              "i" + std::to_string(number * 31 % 150)};
  }
  auto reversed = bindings;
  for (auto& [id, bound] : reversed) std::reverse(bound.begin(), bound.end());
  const auto targets = group_targets(fleet_of(bindings, instances));
  CHECK(targets == group_targets(fleet_of(reversed, instances)));
  std::size_t environments = 0, databases = 0;
  for (const Target& target : targets) {
    environments += target.environments.size();
    databases += target.instances.size();
    CHECK(target.id == target.environments.front());
  }
  CHECK(environments == 200);
  CHECK(databases == 200);
}

TEST_CASE("servers: those of a region that offer a service, by id") {
  Fleet fleet;
  for (const char* id : {"b", "a", "c"}) fleet.servers[id] = {id, "r", "pg15", "", {}};
  fleet.servers["d"] = {"d", "other", "pg15", "", {}};
  fleet.servers["e"] = {"e", "r", "pg13", "", {}};
  std::string found;
  for (const Server* server : fleet.servers_offering("r", "pg15")) found += server->id;
  CHECK(found == "abc");
}
