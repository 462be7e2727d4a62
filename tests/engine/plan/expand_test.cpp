#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

#include "engine/plan/plan.hpp"
#include "tests/engine/plan/fake_operations.hpp"
#include "tests/engine/plan/random_fleet.hpp"

using namespace pgconvoy;
using namespace pgconvoy::testing;

namespace {

RunbookNode node(std::string name, json arguments = json::object(), std::vector<RunbookNode> children = {}) {
  return {std::move(name), std::move(arguments), std::move(children)};
}

Runbook upgrade() {
  Runbook runbook;
  runbook.name = "upgrade";
  runbook.operations = {
      node("collect_service_instances", {{"service", "postgresql-database-13"}}),
      node("reprovision_collected_instances", {{"to", "postgresql-database-15"}}),
      node("with_maintenance_page", {{"pause", false}, {"drain_timeout", "3s"}},
           {node("backup_collected_services"), node("restore_backup_to_reprovisioned_services"),
            node("verify_restored_services"), node("enable_reprovisioned_services"), node("redeploy")}),
      node("deprovision_collected_instances", {{"retention", "1h"}})};
  return runbook;
}

// One application with two databases.
Fleet two_databases() {
  Fleet fleet;
  fleet.servers["old"] = {"old", "r", "postgresql-database-13", "", {}};
  fleet.servers["new"] = {"new", "r", "postgresql-database-15", "", {}};
  for (const char* id : {"shop", "stock"}) {
    Instance instance;
    instance.id = id;
    instance.server = "old";
    fleet.instances[id] = instance;
  }
  Environment environment;
  environment.id = "shop-live";
  environment.region = "r";
  environment.bindings = {{"shop", {}}, {"stock", {}}};
  fleet.environments["shop-live"] = environment;
  return fleet;
}

const Target kTarget{"shop-live", "r", {"shop-live"}, {"shop", "stock"}};

std::vector<std::string> paths(const std::vector<StepPlan>& steps) {
  std::vector<std::string> result;
  for (const StepPlan& step : steps) result.push_back(step.path);
  return result;
}

const StepPlan& step_at(const std::vector<StepPlan>& steps, const std::string& path) {
  const auto found = std::find_if(steps.begin(), steps.end(), [&](const StepPlan& step) { return step.path == path; });
  REQUIRE(found != steps.end());
  return *found;
}

}  // namespace

TEST_CASE("expand: poolers are paused for the instances that are behind one, and no step stands there for others") {
  OperationRegistry registry = upgrade_operations();
  add_fake(registry, "pause_poolers", Subject::instance);
  Runbook runbook = upgrade();
  runbook.operations[2].children.insert(runbook.operations[2].children.begin(), node("pause_poolers"));
  Fleet fleet = two_databases();
  for (const std::string& path : paths(expand(runbook, registry, fleet, kTarget))) CHECK(path.find("pause_poolers") == std::string::npos);
  fleet.environments["shop-live"].bindings[1].poolers = {{"pool", "stock"}};
  std::vector<std::string> found;
  for (const StepPlan& step : expand(runbook, registry, fleet, kTarget))
    if (step.operation == "pause_poolers") found.push_back(step.path);
  CHECK(found == std::vector<std::string>{"with_maintenance_page/pause_poolers@stock"});
}

TEST_CASE("expand: brackets open and close as steps, each operation for all its subjects before the next") {
  const auto steps = expand(upgrade(), upgrade_operations(), two_databases(), kTarget);
  CHECK(paths(steps) == std::vector<std::string>{
                            "collect_service_instances",
                            "reprovision_collected_instances@shop",
                            "reprovision_collected_instances@stock",
                            "with_maintenance_page/page_on@shop-live",
                            "with_maintenance_page/stop_app@shop-live",
                            "with_maintenance_page/fence_source@shop",
                            "with_maintenance_page/fence_source@stock",
                            "with_maintenance_page/backup_collected_services@shop",
                            "with_maintenance_page/backup_collected_services@stock",
                            "with_maintenance_page/restore_backup_to_reprovisioned_services@shop",
                            "with_maintenance_page/restore_backup_to_reprovisioned_services@stock",
                            "with_maintenance_page/verify_restored_services@shop",
                            "with_maintenance_page/verify_restored_services@stock",
                            "with_maintenance_page/enable_reprovisioned_services@shop",
                            "with_maintenance_page/enable_reprovisioned_services@stock",
                            "with_maintenance_page/redeploy@shop-live",
                            "with_maintenance_page/page_off@shop-live",
                            "with_maintenance_page/close_source@shop",
                            "with_maintenance_page/close_source@stock",
                            "deprovision_collected_instances@shop",
                            "deprovision_collected_instances@stock",
                        });
}

TEST_CASE("expand: arguments are completed, a bracket's go to those of its operations that know the name") {
  const auto steps = expand(upgrade(), upgrade_operations(), two_databases(), kTarget);
  CHECK(step_at(steps, "with_maintenance_page/stop_app@shop-live").arguments == json{{"pause", false}});
  CHECK(step_at(steps, "with_maintenance_page/fence_source@shop").arguments == json{{"drain_timeout", 3.0}});
  CHECK(step_at(steps, "with_maintenance_page/page_on@shop-live").arguments == json::object());
  CHECK(step_at(steps, "with_maintenance_page/redeploy@shop-live").arguments == json{{"health_timeout", 60.0}});
  CHECK(step_at(steps, "deprovision_collected_instances@stock").arguments == json{{"retention", 3600.0}});
}

TEST_CASE("expand: a path that occurs again gets an ordinal on the operation's name") {
  Runbook runbook = upgrade();
  runbook.operations[2].children.push_back(node("redeploy"));
  runbook.operations.push_back(node("redeploy"));
  runbook.operations.push_back(node("with_maintenance_page", json::object(), {node("redeploy")}));
  const auto steps = expand(runbook, upgrade_operations(), two_databases(), kTarget);
  const auto all = paths(steps);
  for (const char* path : {"with_maintenance_page/redeploy@shop-live", "with_maintenance_page/redeploy#2@shop-live",
                           "redeploy@shop-live", "with_maintenance_page/page_on#2@shop-live",
                           "with_maintenance_page/redeploy#3@shop-live", "with_maintenance_page/close_source#2@stock"})
    CHECK(std::count(all.begin(), all.end(), path) == 1);
}

TEST_CASE("expand: instances of another service or state are left alone") {
  Fleet fleet = two_databases();
  fleet.instances["stock"].state = "suspended";
  Instance newer;
  newer.id = "new-one";
  newer.server = "new";
  fleet.instances["new-one"] = newer;
  Target target = kTarget;
  target.instances = {"new-one", "shop", "stock"};
  for (const StepPlan& step : expand(upgrade(), upgrade_operations(), fleet, target)) {
    INFO(step.path);
    CHECK((step.subject.empty() || step.subject == "shop" || step.subject == "shop-live"));
  }
}

TEST_CASE("expand: what requirements_of() refuses is a bug here") {
  Runbook runbook = upgrade();
  runbook.operations.push_back(node("no_such_operation"));
  CHECK_THROWS_AS(expand(runbook, upgrade_operations(), two_databases(), kTarget), std::logic_error);
}

TEST_CASE("expand: on random fleets paths are unique, subjects belong to the target, and the bracket is whole") {
  const OperationRegistry operations = upgrade_operations();
  const Runbook runbook = upgrade();
  const Requirements requirements = *requirements_of(runbook, operations);
  std::size_t targets = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const Fleet fleet = random_fleet(seed);
    for (const Target& target : group_targets(fleet)) {
      INFO("seed " << seed << ", target " << target.id);
      ++targets;
      const auto steps = expand(runbook, operations, fleet, target);
      const auto collected = collected_instances(fleet, target, requirements);
      std::set<std::string> seen;
      std::map<std::string, std::size_t> count, first, last;
      for (std::size_t i = 0; i < steps.size(); ++i) {
        const StepPlan& step = steps[i];
        CHECK(seen.insert(step.path).second);
        first.emplace(step.operation, i);
        last[step.operation] = i;
        ++count[step.operation];
        const Subject subject = operations.find(step.operation)->subject();
        const auto& among = subject == Subject::instance ? collected : target.environments;
        if (subject == Subject::target)
          CHECK(step.subject.empty());
        else
          CHECK(std::count(among.begin(), among.end(), step.subject) == 1);
      }
      CHECK(count["collect_service_instances"] == 1);
      CHECK(count["fence_source"] == collected.size());
      CHECK(count["close_source"] == collected.size());
      CHECK(count["page_on"] == target.environments.size());
      CHECK(count["page_off"] == target.environments.size());
      if (!collected.empty()) {
        CHECK(last["fence_source"] < first["backup_collected_services"]);
        CHECK(last["verify_restored_services"] < first["enable_reprovisioned_services"]);
        CHECK(last["close_source"] < first["deprovision_collected_instances"]);
        if (!target.environments.empty()) {
          CHECK(last["page_on"] < first["fence_source"]);
          CHECK(last["enable_reprovisioned_services"] < first["redeploy"]);
          CHECK(last["redeploy"] < first["page_off"]);
        }
      }
    }
  }
  CHECK(targets > 500);
}
