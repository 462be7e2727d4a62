#include "runbooks/validate.hpp"

#include <catch2/catch.hpp>

#include <functional>

#include "runbooks/catalogue.hpp"
#include "tests/runbooks/fake_registries.hpp"

using namespace pgconvoy;
using namespace pgconvoy::testing;
using Catch::Contains;

namespace {

std::string faults(const Runbook& runbook) {
  const Registries all;
  const auto valid = validate(runbook, all.operations, all.conditions);
  return valid ? "" : valid.error().message;
}

Runbook upgrade() { return find_runbook("postgres-13-to-15").value(); }

void remove(std::vector<RunbookNode>& nodes, const std::string& name) {
  std::erase_if(nodes, [&](const RunbookNode& node) { return node.name == name; });
}

constexpr std::size_t kPage = 3;

}  // namespace

TEST_CASE("validate: each change that would lose data or leave an app down is refused and named") {
  struct Case {
    const char* what;
    std::function<void(Runbook&)> change;
    const char* expected;
  };
  const auto inside = [](Runbook& runbook) -> std::vector<RunbookNode>& { return runbook.operations[kPage].children; };
  const std::vector<Case> cases{
      {"no page at all",
       [&](Runbook& runbook) {
         const auto children = inside(runbook);
         runbook.operations.erase(runbook.operations.begin() + kPage);
         runbook.operations.insert(runbook.operations.begin() + kPage, children.begin(), children.end());
       },
       "restore_backup_to_reprovisioned_services: must stand inside the bracket"},
      {"backup before the page",
       [&](Runbook& runbook) {
         auto backup = inside(runbook).front();
         inside(runbook).erase(inside(runbook).begin());
         runbook.operations.insert(runbook.operations.begin() + kPage, backup);
       },
       "backup_collected_services: must stand inside the bracket"},
      {"no backup", [&](Runbook& runbook) { remove(inside(runbook), "backup_collected_services"); },
       "with_maintenance_page/restore_backup_to_reprovisioned_services: needs backup_collected_services before it"},
      {"no verify", [&](Runbook& runbook) { remove(inside(runbook), "verify_restored_services"); },
       "with_maintenance_page/enable_reprovisioned_services: needs verify_restored_services before it"},
      {"no analyze", [&](Runbook& runbook) { remove(inside(runbook), "analyze_restored_services"); },
       "with_maintenance_page/enable_reprovisioned_services: needs analyze_restored_services before it"},
      {"verify before restore", [&](Runbook& runbook) { std::swap(inside(runbook)[1], inside(runbook)[4]); },
       "with_maintenance_page/verify_restored_services: needs restore_backup_to_reprovisioned_services before it"},
      {"enable before verify", [&](Runbook& runbook) { std::swap(inside(runbook)[4], inside(runbook)[5]); },
       "with_maintenance_page/enable_reprovisioned_services: needs verify_restored_services before it"},
      {"redeploy before enable", [&](Runbook& runbook) { std::swap(inside(runbook)[5], inside(runbook)[6]); },
       "with_maintenance_page/redeploy: needs enable_reprovisioned_services before it"},
      {"redeploy after the page",
       [&](Runbook& runbook) {
         auto redeploy = inside(runbook).back();
         inside(runbook).pop_back();
         runbook.operations.insert(runbook.operations.begin() + kPage + 1, redeploy);
       },
       "redeploy: must stand inside the bracket"},
      {"nothing enabled", [&](Runbook& runbook) { remove(inside(runbook), "enable_reprovisioned_services"); },
       "with_maintenance_page/fence_source: enable_reprovisioned_services must stand inside the bracket"},
      {"never started again", [&](Runbook& runbook) { remove(inside(runbook), "redeploy"); },
       "with_maintenance_page/fence_source: redeploy must stand inside the bracket"},
      {"nothing collected", [&](Runbook& runbook) { remove(runbook.operations, "collect_service_instances"); },
       "reprovision_collected_instances: needs collect_service_instances before it"},
      {"no new database", [&](Runbook& runbook) { remove(runbook.operations, "reprovision_collected_instances"); },
       "restore_backup_to_reprovisioned_services: needs reprovision_collected_instances before it"},
      {"deprovision first",
       [&](Runbook& runbook) {
         std::rotate(runbook.operations.begin(), runbook.operations.end() - 1, runbook.operations.end());
       },
       "deprovision_collected_instances: needs redeploy before it"},
      {"deprovision inside of the page",
       [&](Runbook& runbook) {
         inside(runbook).push_back(runbook.operations.back());
         runbook.operations.pop_back();
       },
       "with_maintenance_page/deprovision_collected_instances: it must come after the bracket"},
      {"something after deprovision",
       [&](Runbook& runbook) {
         runbook.operations.push_back({"verify_restored_services", json::object(), {}});
       },
       "verify_restored_services: must come before deprovision_collected_instances"},
      {"two pages",
       [&](Runbook& runbook) {
         runbook.operations.insert(runbook.operations.begin() + kPage, runbook.operations[kPage]);
       },
       "with_maintenance_page/fence_source: a runbook has fence_source once"},
      {"the fence by hand",
       [&](Runbook& runbook) {
         runbook.operations.insert(runbook.operations.begin(), {"fence_source", json::object(), {}});
       },
       "fence_source: only the bracket with_maintenance_page opens and closes with it"},
      {"an unknown operation",
       [&](Runbook& runbook) {
         runbook.operations.push_back({"fly", json::object(), {}});
       },
       "fly: there is no such operation"},
      {"an unknown condition",
       [&](Runbook& runbook) {
         runbook.preconditions.push_back({"luck", json::object(), {}});
       },
       "luck: there is no such condition"},
      {"an empty bracket", [&](Runbook& runbook) { inside(runbook).clear(); },
       "with_maintenance_page: it goes around other operations, and has none"},
      {"operations in an operation",
       [&](Runbook& runbook) {
         runbook.operations[0].children = {{"redeploy", json::object(), {}}};
       },
       "collect_service_instances: no operations can stand inside of this one"},
      {"an argument of the wrong type", [&](Runbook& runbook) { runbook.operations[kPage].arguments["pause"] = 3; },
       "with_maintenance_page: parameter \"pause\" must be true or false"},
      {"a reference to nothing", [&](Runbook& runbook) { runbook.operations[kPage].arguments["pause"] = "${stop}"; },
       "with_maintenance_page: pause: the runbook has no parameter \"stop\""},
      {"an argument that is not known",
       [&](Runbook& runbook) { runbook.operations[kPage].arguments["speed"] = "${retention}"; },
       "with_maintenance_page: unknown parameter \"speed\""},
      {"nothing at all", [&](Runbook& runbook) { runbook.operations.clear(); }, "it has no operations"},
  };
  CHECK(faults(upgrade()) == "");
  for (const Case& each : cases) {
    INFO(each.what);
    Runbook runbook = upgrade();
    each.change(runbook);
    CHECK_THAT(faults(runbook), Contains(each.expected));
  }
}

TEST_CASE("validate: all faults are in one error") {
  Runbook runbook = upgrade();
  remove(runbook.operations[kPage].children, "verify_restored_services");
  remove(runbook.operations[kPage].children, "backup_collected_services");
  CHECK_THAT(faults(runbook), Contains("runbook postgres-13-to-15 can't be run") &&
                                  Contains("needs verify_restored_services") &&
                                  Contains("needs backup_collected_services"));
}

TEST_CASE("validate: an operation of one's own may stand anywhere, and what moves nothing needs no page") {
  Registries all;
  add_fake(all.operations, "notify", Subject::target);
  Runbook runbook = upgrade();
  const RunbookNode notify{"notify", json::object(), {}};
  runbook.operations[kPage].children.insert(runbook.operations[kPage].children.begin() + 2, notify);
  runbook.operations.insert(runbook.operations.begin(), notify);
  runbook.operations.push_back(notify);
  CHECK(validate(runbook, all.operations, all.conditions).has_value());
  runbook.preconditions.clear();
  runbook.operations = {notify};
  CHECK(validate(runbook, all.operations, all.conditions).has_value());
}
