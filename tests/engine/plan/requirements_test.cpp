#include <catch2/catch.hpp>

#include "engine/plan/plan.hpp"
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

TEST_CASE("requirements: a move to the same service, an unknown operation and bad arguments are refused") {
  CHECK_THAT(requirements_of(moving("a-13", "a-13"), upgrade_operations()).error().message, Contains("same service"));
  Runbook unknown = moving("a-13", "a-15");
  unknown.operations.push_back({"fly", json::object(), {}});
  CHECK_THAT(requirements_of(unknown, upgrade_operations()).error().message, Contains("fly"));
  Runbook wrong = moving("a-13", "a-15");
  wrong.operations[1].arguments["pause"] = "perhaps";
  CHECK_THAT(requirements_of(wrong, upgrade_operations()).error().message, Contains("pause"));
}
