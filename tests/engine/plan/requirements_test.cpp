#include <catch2/catch.hpp>

#include "engine/plan/in_place.hpp"
#include "tests/engine/plan/fake_operations.hpp"

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

TEST_CASE("requirements: a move within a service says which server is left, and takes what is there only") {
  Runbook runbook = moving("a-15", "a-15");
  CHECK_THAT(requirements_of(runbook, upgrade_operations()).error().remedy, Contains("server"));
  runbook.operations[0].arguments["server"] = "one";
  const auto found = requirements_of(runbook, upgrade_operations());
  REQUIRE(found.has_value());
  CHECK(found->source_server == "one");
  CHECK_FALSE(is_in_place(*found));
  CHECK(way_of(*found) == "from server one to another of a-15");

  Fleet fleet;
  Target target{"shop", "r", {}, {}};
  for (const char* id : {"one", "two"}) {
    fleet.servers[id].id = id;
    fleet.servers[id].service = "a-15";
    Instance instance;
    instance.id = std::string("on-") + id;
    instance.server = id;
    fleet.instances[instance.id] = instance;
    target.instances.push_back(instance.id);
  }
  CHECK(collected_instances(fleet, target, *found) == std::vector<std::string>{"on-one"});
}

TEST_CASE("requirements: where nobody wants a service to move to, databases stay where they are") {
  Runbook runbook;
  runbook.operations = {{"collect_service_instances", {{"service", "a-15"}}, {}}};
  const auto found = requirements_of(runbook, upgrade_operations());
  REQUIRE(found.has_value());
  CHECK(is_in_place(*found));
  CHECK(way_of(*found) == "in place, on a-15");
  CHECK(json(*found).get<Requirements>().source_server.empty());
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
