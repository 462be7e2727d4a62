#include "runbooks/catalogue.hpp"

#include <catch2/catch.hpp>

#include "engine/plan/plan.hpp"
#include "runbooks/validate.hpp"
#include "tests/runbooks/fake_registries.hpp"

using namespace pgconvoy;
using namespace pgconvoy::testing;
using Catch::Contains;

TEST_CASE("catalogue: runbooks are found by name, a slip of the finger is answered with the one meant") {
  CHECK(find_runbook("postgres-13-to-15").value().name == "postgres-13-to-15");
  CHECK(find_runbook("postgres-upgrade").value().name == "postgres-upgrade");
  const auto none = find_runbook("postgres-13-to-51");
  REQUIRE_FALSE(none.has_value());
  CHECK(none.error().kind == ErrorKind::usage);
  CHECK_THAT(none.error().message, Contains("did you mean \"postgres-13-to-15\"?"));
  CHECK_THAT(none.error().remedy, Contains("postgres-upgrade"));
  CHECK_THAT(find_runbook("x").error().message, !Contains("did you mean"));
}

TEST_CASE("catalogue: every built-in runbook makes sense and says what its parameters are for") {
  const Registries all;
  for (const Runbook& runbook : builtin_runbooks()) {
    INFO(runbook.name);
    const auto valid = validate(runbook, all.operations, all.conditions);
    INFO((valid ? "" : valid.error().message));
    CHECK(valid.has_value());
    CHECK_FALSE(runbook.summary.empty());
    for (const Parameter& parameter : runbook.parameters) CHECK_FALSE(parameter.summary.empty());
  }
}

TEST_CASE("catalogue: postgres-upgrade from 13 to 15 does what postgres-13-to-15 does") {
  const json services{{"from", "postgresql-database-13"}, {"to", "postgresql-database-15"}};
  Runbook generic = with_parameters(find_runbook("postgres-upgrade").value(), services).value();
  const Runbook fixed = with_parameters(find_runbook("postgres-13-to-15").value(), json::object()).value();
  generic.name = fixed.name;
  generic.summary = fixed.summary;
  CHECK(digest(generic) == digest(fixed));

  const Registries all;
  const auto requirements = requirements_of(fixed, all.operations);
  REQUIRE(requirements.has_value());
  CHECK(requirements->source_service == "postgresql-database-13");
  CHECK(requirements->source_state == "provisioned");
  CHECK(requirements->target_service == "postgresql-database-15");
}

TEST_CASE("catalogue: the parameters reach the operations that they are for") {
  const Registries all;
  const json values{{"retention", "0"}, {"drain_timeout", "2s"}, {"max_pause", "5m"}};
  const Runbook runbook = with_parameters(find_runbook("postgres-13-to-15").value(), values).value();
  CHECK(runbook.operations.at(3).arguments == json{{"backup", "before-pivot"}, {"drain_timeout", 2.0}, {"max_pause", 300.0}, {"pause", true}, {"verify", "auto"}});
  CHECK(runbook.operations.back().arguments == json{{"retention", 0.0}});
  CHECK(validate(runbook, all.operations, all.conditions).has_value());
  CHECK(requirements_of(runbook, all.operations).has_value());
}
