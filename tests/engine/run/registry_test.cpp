#include <catch2/catch.hpp>

#include "engine/run/operation.hpp"
#include "tests/engine/plan/fake_operations.hpp"

using namespace pgconvoy;
using namespace pgconvoy::testing;

TEST_CASE("registry: finds operations and brackets by name, and lists them by name") {
  const OperationRegistry registry = upgrade_operations();
  REQUIRE(registry.find("redeploy"));
  CHECK(registry.find("redeploy")->name() == "redeploy");
  CHECK_FALSE(registry.find("with_maintenance_page"));
  CHECK_FALSE(registry.find(""));
  REQUIRE(registry.find_bracket("with_maintenance_page"));
  CHECK_FALSE(registry.find_bracket("redeploy"));
  CHECK(registry.all().size() == 16);
  CHECK(registry.all().front()->name() == "analyze_restored_services");
  CHECK(registry.brackets().size() == 1);
}

TEST_CASE("registry: a name given twice is a bug, whichever two they are") {
  OperationRegistry registry = upgrade_operations();
  Bracket bracket;
  bracket.name = "redeploy";
  CHECK_THROWS_AS(add_fake(registry, "redeploy", Subject::target), std::logic_error);
  CHECK_THROWS_AS(add_fake(registry, "with_maintenance_page", Subject::target), std::logic_error);
  CHECK_THROWS_AS(registry.add(bracket), std::logic_error);
  CHECK(registry.all().size() == 16);
}

TEST_CASE("probe: verdicts have the names that the journal holds") {
  CHECK(std::string(to_string(Probe::Verdict::done)) == "done");
  CHECK(std::string(to_string(Probe::Verdict::absent)) == "absent");
  CHECK(std::string(to_string(Probe::Verdict::partial)) == "partial");
  CHECK(std::string(to_string(Probe::Verdict::unknown)) == "unknown");
}
