#include "runbooks/rehearsal.hpp"

#include <catch2/catch.hpp>

#include <functional>

#include "engine/plan/plan.hpp"
#include "runbooks/catalogue.hpp"
#include "runbooks/registry.hpp"
#include "runbooks/validate.hpp"
#include "runbooks/yaml.hpp"

using namespace pgconvoy;
using Catch::Contains;

namespace {

struct RealRegistries {
  OperationRegistry operations;
  ConditionRegistry conditions;
  RealRegistries() { register_all(operations, conditions); }
};

Runbook given_runbook() { return with_parameters(find_runbook("postgres-13-to-15").value(), json{{"authentication", "md5"}}).value(); }

std::vector<std::string> names(const std::vector<RunbookNode>& nodes) {
  std::vector<std::string> result;
  for (const RunbookNode& node : nodes) result.push_back(node.name);
  return result;
}

std::string faults_of(const Runbook& runbook) {
  const RealRegistries all;
  const auto valid = validate(runbook, all.operations, all.conditions);
  return valid ? "" : valid.error().message;
}

}  // namespace

TEST_CASE("rehearsal: what moves nothing of a runbook, between a moment that is held and the removal of all of it") {
  const Runbook real = given_runbook();
  const Rehearsal rehearsal = rehearsal_of(real, false).value();
  CHECK(rehearsal.runbook.name == "rehearsal-of-postgres-13-to-15");
  CHECK(names(rehearsal.runbook.operations) == std::vector<std::string>{"collect_service_instances", "as_rehearsal"});
  CHECK(names(rehearsal.runbook.operations[1].children) ==
        std::vector<std::string>{"record_source", "backup_collected_services", "reprovision_collected_instances", "prepare_reprovisioned_services",
                                 "restore_backup_to_reprovisioned_services", "transfer_to_prepared_services", "analyze_restored_services", "verify_rehearsal"});
  CHECK(rehearsal.left_out == std::vector<std::string>{"with_maintenance_page", "enable_reprovisioned_services", "redeploy", "deprovision_collected_instances"});
  CHECK_THAT(rehearsal.runbook.summary, Contains("left out: with_maintenance_page, enable_reprovisioned_services"));
  CHECK(rehearsal.runbook.operations[1].children[5].arguments == json{{"restore_memory", "auto"}});
  CHECK(names(rehearsal.runbook.preconditions) == names(real.preconditions));
  CHECK(rehearsal.runbook.operations[1].children[2].arguments.at("authentication") == "md5");
  CHECK_FALSE(rehearsal.runbook.operations[1].children[2].arguments.contains("adopt_empty"));
  CHECK(faults_of(rehearsal.runbook) == "");

  const RealRegistries all;
  const Target target{"shop-live", "eu", {"shop-live"}, {"shop-db"}};
  Fleet fleet;
  fleet.servers["old"] = Server{};
  fleet.servers["old"].service = "postgresql-database-13";
  fleet.instances["shop-db"] = Instance{};
  fleet.instances["shop-db"].server = "old";
  fleet.instances["shop-db"].state = "provisioned";
  fleet.environments["shop-live"] = Environment{};
  const auto steps = expand(rehearsal.runbook, all.operations, fleet, target);
  REQUIRE(steps.size() == 9);
  CHECK(steps[1].path == "as_rehearsal/hold_snapshot@shop-db");
  CHECK(steps[3].path == "as_rehearsal/backup_collected_services@shop-db");
  CHECK(steps.back().path == "as_rehearsal/remove_rehearsal@shop-db");
  CHECK(steps.back().arguments == json{{"keep_backup", false}});

  std::vector<std::string> short_pause;
  for (const StepPlan& step : expand(rehearsal.runbook, all.operations, fleet, target, "short-pause")) short_pause.push_back(step.operation);
  CHECK(short_pause == std::vector<std::string>{"collect_service_instances", "hold_snapshot", "record_source", "reprovision_collected_instances", "prepare_reprovisioned_services",
                                                "transfer_to_prepared_services", "analyze_restored_services", "verify_rehearsal", "remove_rehearsal"});
}

TEST_CASE("rehearsal: arguments are the real ones, wherever they stand; an own operation is left out and named") {
  Runbook real = given_runbook();
  auto& inside = real.operations[3].children;
  for (RunbookNode& node : inside) {
    if (node.name == "restore_backup_to_reprovisioned_services") node.arguments["jobs"] = 4;
    if (node.name == "verify_restored_services") node.arguments["content"] = false;
  }
  inside.insert(inside.begin(), {"notify", json::object(), {}});
  const Rehearsal rehearsal = rehearsal_of(real, true).value();
  const RunbookNode& bracket = rehearsal.runbook.operations[1];
  CHECK(bracket.arguments == json{{"keep_backup", true}});
  CHECK(bracket.children.front().arguments == json{{"content", false}});
  CHECK(bracket.children[4].arguments == json{{"jobs", 4}, {"restore_memory", "auto"}});
  CHECK(bracket.children.back().arguments == json{{"content", false}});
  CHECK(std::count(rehearsal.left_out.begin(), rehearsal.left_out.end(), "notify") == 1);
  CHECK(faults_of(rehearsal.runbook) == "");
}

TEST_CASE("rehearsal: known by name, with the parameters that it uses, and through YAML as it was") {
  const Runbook named = find_runbook("rehearsal-of-postgres-upgrade").value();
  std::vector<std::string> parameters;
  for (const Parameter& parameter : named.parameters) parameters.push_back(parameter.name);
  CHECK(parameters == std::vector<std::string>{"from", "to", "adopt_empty_database", "authentication", "restore_memory"});
  const RealRegistries all;
  const ParsedRunbook parsed = parse_runbook(runbook_to_yaml(named), all.operations, all.conditions);
  CHECK(format_problems(named.name, parsed.problems) == "");
  CHECK(digest(parsed.runbook) == digest(named));
  CHECK_FALSE(find_runbook("rehearsal-of-nothing").has_value());
}

TEST_CASE("rehearsal: of a runbook that restores nothing, or of a rehearsal, there is none") {
  Runbook empty;
  empty.name = "notify-all";
  empty.operations = {{"collect_service_instances", json::object(), {}}};
  CHECK_THAT(rehearsal_of(empty, false).error().message, Contains("restores no databases"));
  CHECK_THAT(rehearsal_of(find_runbook("rehearsal-of-postgres-13-to-15").value(), false).error().message, Contains("is a rehearsal itself"));
}

TEST_CASE("rehearsal: one that would touch application or old database, or leave something, is refused") {
  struct Case {
    const char* what;
    std::function<void(Runbook&)> change;
    const char* expected;
  };
  const auto inside = [](Runbook& runbook) -> std::vector<RunbookNode>& { return runbook.operations[1].children; };
  const std::vector<Case> cases{
      {"under a move's name", [](Runbook& runbook) { runbook.name = "postgres-13-to-15"; }, "it must be called rehearsal-of-NAME"},
      {"enabled", [&](Runbook& runbook) { inside(runbook).push_back({"enable_reprovisioned_services", json::object(), {}}); },
       "as_rehearsal/enable_reprovisioned_services: has no place in a rehearsal"},
      {"a page beside it",
       [&](Runbook& runbook) {
         RunbookNode page{"with_maintenance_page", json::object(), {{"redeploy", json::object(), {}}}};
         runbook.operations.push_back(page);
       },
       "with_maintenance_page/fence_source: has no place in a rehearsal"},
      {"the old database dropped", [](Runbook& runbook) { runbook.operations.push_back({"deprovision_collected_instances", json::object(), {}}); },
       "deprovision_collected_instances: has no place in a rehearsal"},
      {"a new database that stays",
       [&](Runbook& runbook) {
         const RunbookNode reprovision = inside(runbook)[2];
         inside(runbook).erase(inside(runbook).begin() + 2);
         runbook.operations.insert(runbook.operations.begin() + 1, reprovision);
       },
       "reprovision_collected_instances: must stand inside as_rehearsal"},
      {"prepared outside",
       [&](Runbook& runbook) {
         const RunbookNode prepare = inside(runbook)[3];
         inside(runbook).erase(inside(runbook).begin() + 3);
         runbook.operations.push_back(prepare);
       },
       "prepare_reprovisioned_services: must stand inside as_rehearsal"},
      {"copied before it is recorded", [&](Runbook& runbook) { std::swap(inside(runbook)[0], inside(runbook)[5]); },
       "as_rehearsal/transfer_to_prepared_services: needs record_source before it"},
      {"dumped before it is recorded", [&](Runbook& runbook) { std::swap(inside(runbook)[0], inside(runbook)[1]); },
       "as_rehearsal/backup_collected_services: needs record_source before it"},
      {"compared before it is restored", [&](Runbook& runbook) { std::swap(inside(runbook)[4], inside(runbook)[7]); },
       "as_rehearsal/verify_rehearsal: needs restore_backup_to_reprovisioned_services before it"},
      {"the snapshot by hand", [](Runbook& runbook) { runbook.operations.insert(runbook.operations.begin(), {"hold_snapshot", json::object(), {}}); },
       "hold_snapshot: only the bracket as_rehearsal opens and closes with it"},
  };
  for (const Case& each : cases) {
    INFO(each.what);
    Runbook runbook = rehearsal_of(given_runbook(), false).value().runbook;
    each.change(runbook);
    CHECK_THAT(faults_of(runbook), Contains(each.expected));
  }
  Runbook real = given_runbook();
  real.name = "rehearsal-of-something";
  CHECK_THAT(faults_of(real), Contains("only a runbook with as_rehearsal may be called rehearsal-of-something"));
  real = given_runbook();
  real.operations[3].children.push_back({"verify_rehearsal", json::object(), {}});
  CHECK_THAT(faults_of(real), Contains("must stand inside as_rehearsal"));
}
