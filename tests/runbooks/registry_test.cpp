#include "runbooks/registry.hpp"

#include <catch2/catch.hpp>

#include "engine/plan/plan.hpp"
#include "runbooks/catalogue.hpp"
#include "runbooks/validate.hpp"
#include "runbooks/yaml.hpp"

using namespace pgconvoy;

TEST_CASE("registry of everything: the built-in runbooks fit the real operations and conditions") {
  OperationRegistry operations;
  ConditionRegistry conditions;
  register_all(operations, conditions);
  for (const Runbook& runbook : builtin_runbooks()) {
    INFO(runbook.name);
    const auto valid = validate(runbook, operations, conditions);
    INFO((valid ? "" : valid.error().message));
    CHECK(valid.has_value());
    const ParsedRunbook parsed = parse_runbook(runbook_to_yaml(runbook), operations, conditions);
    CHECK(format_problems(runbook.name, parsed.problems) == "");
    CHECK(digest(parsed.runbook) == digest(runbook));

    json values = json::object();
    for (const Parameter& parameter : runbook.parameters)
      if (parameter.fallback.is_null()) values[parameter.name] = "service-" + parameter.name;
    const auto complete = with_parameters(runbook, values);
    REQUIRE(complete.has_value());
    const auto requirements = requirements_of(*complete, operations);
    REQUIRE(requirements.has_value());
    CHECK_FALSE(requirements->source_service.empty());
    CHECK(requirements->source_state == "provisioned");
    CHECK_FALSE(requirements->target_service.empty());
  }
}

TEST_CASE("registry of everything: each says in a sentence what it is, and so does each of its parameters") {
  OperationRegistry operations;
  ConditionRegistry conditions;
  register_all(operations, conditions);
  const auto described = [](const std::string& name, const std::string& summary, const std::vector<Parameter>& all) {
    INFO(name);
    CHECK_FALSE(summary.empty());
    for (const Parameter& parameter : all) CHECK_FALSE(parameter.summary.empty());
  };
  for (const Operation* each : operations.all()) described(each->name(), each->summary(), each->parameters());
  for (const Bracket* each : operations.brackets()) {
    described(each->name, each->summary, each->parameters);
    for (const std::string& name : each->opening) CHECK(operations.find(name));
    for (const std::string& name : each->closing) CHECK(operations.find(name));
  }
  for (const Condition* each : conditions.all()) described(each->name(), each->summary(), each->parameters());
}
