// The files of examples/runbooks, as the program reads them. tests/scenarios/example_runbooks_test.py runs them.
#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "engine/plan/in_place.hpp"
#include "runbooks/catalogue.hpp"
#include "runbooks/registry.hpp"
#include "runbooks/validate.hpp"
#include "runbooks/yaml.hpp"

using namespace pgconvoy;

namespace {

struct Examples {
  Examples() {
    register_all(operations, conditions);
    for (const auto& entry : std::filesystem::directory_iterator(std::string(PGCONVOY_SOURCE_DIR) + "/examples/runbooks")) {
      if (entry.path().extension() != ".yaml") continue;
      std::ostringstream text;
      text << std::ifstream(entry.path()).rdbuf();
      const ParsedRunbook parsed = parse_runbook(text.str(), operations, conditions);
      INFO(entry.path());
      for (const FileProblem& problem : parsed.problems) FAIL_CHECK(problem.line << ": " << problem.message);
      by_name[parsed.runbook.name] = parsed.runbook;
    }
  }
  OperationRegistry operations;
  ConditionRegistry conditions;
  std::map<std::string, Runbook> by_name;
};

}  // namespace

TEST_CASE("example runbooks: each is good, and says with its parameters what it needs") {
  const Examples examples;
  CHECK(examples.by_name.size() == 4);
  for (const auto& [name, runbook] : examples.by_name) {
    INFO(name);
    CHECK(validate(runbook, examples.operations, examples.conditions).has_value());
    json values = json::object();
    for (const Parameter& parameter : runbook.parameters)
      if (parameter.fallback.is_null()) values[parameter.name] = "some";
    const auto filled = with_parameters(runbook, values);
    REQUIRE(filled.has_value());
    const auto requirements = requirements_of(*filled, examples.operations);
    REQUIRE(requirements.has_value());
    CHECK(is_in_place(*requirements) == (name != "leave-server"));
  }
}

TEST_CASE("example runbooks: who leaves a server is checked and moved as in an upgrade") {
  const Examples examples;
  const Runbook upgrade = find_runbook("postgres-upgrade").value();
  const Runbook& leaving = examples.by_name.at("leave-server");
  const auto names = [](const std::vector<RunbookNode>& nodes) {
    std::vector<std::string> all;
    for (const RunbookNode& node : nodes) {
      all.push_back(node.name);
      for (const RunbookNode& child : node.children) all.push_back(child.name);
    }
    return all;
  };
  CHECK(names(leaving.preconditions) == names(upgrade.preconditions));
  CHECK(names(leaving.operations) == names(upgrade.operations));
}

TEST_CASE("example runbooks: operations on instances need to know which are meant") {
  const Examples examples;
  Runbook runbook = examples.by_name.at("update-extensions");
  runbook.operations.erase(runbook.operations.begin());
  const auto refused = validate(runbook, examples.operations, examples.conditions);
  REQUIRE_FALSE(refused.has_value());
  CHECK_THAT(refused.error().message, Catch::Matchers::Contains("update_extensions: needs collect_service_instances"));
}
