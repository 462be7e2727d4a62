#include "engine/report/check_report.hpp"

#include <catch2/catch.hpp>

#include "engine/report/causes.hpp"

using namespace pgconvoy;
using namespace pgconvoy::report;
using Catch::Matchers::Contains;

namespace {

Finding seen(Severity severity, const std::string& condition, const std::string& object, const std::string& cause, const std::string& remedy) {
  Finding finding;
  finding.severity = severity;
  finding.condition = condition;
  finding.object = object;
  finding.evidence = "as it was read";
  finding.why = "it would fail";
  finding.remedy = remedy;
  finding.cause = cause;
  return finding;
}

Plan checked(const std::vector<std::vector<Finding>>& findings) {
  Plan plan;
  plan.runbook.name = "postgres-13-to-15";
  for (const auto& of_target : findings) {
    PlannedTarget planned;
    planned.number = static_cast<int>(plan.targets.size()) + 1;
    planned.target.id = "app-" + std::to_string(planned.number);
    planned.target.region = "eu";
    planned.findings = of_target;
    plan.targets.push_back(std::move(planned));
  }
  return plan;
}

Plan many_targets() {
  const Finding old = seen(Severity::block, "clients", "role \"app\"", "libpq 9.6", "rebuild the image");
  const Finding operators = seen(Severity::block, "operators", "operator #", "", "DROP OPERATOR #");
  const Finding others = seen(Severity::block, "operators", "operator !", "", "DROP OPERATOR !");
  const Finding space = seen(Severity::warn, "space", "server", "", "add a disk");
  return checked({{old}, {old}, {old, space}, {operators, others}, {space}, {}, {seen(Severity::info, "clients", "x", "", "none")}});
}

}  // namespace

TEST_CASE("causes: worst first, then those of most targets; a target counts once") {
  const Plan plan = many_targets();
  const auto causes = causes_of(plan, false);
  REQUIRE(causes.size() == 3);
  CHECK(causes[0].condition == "clients");
  CHECK(causes[0].targets == 3);
  CHECK(causes[0].same_remedy());
  CHECK(causes[1].condition == "operators");
  CHECK(causes[1].targets == 1);
  CHECK(causes[1].members.size() == 2);
  CHECK_FALSE(causes[1].same_remedy());
  CHECK(causes[2].condition == "space");
  CHECK(causes_of(plan, true).size() == 4);
}

TEST_CASE("check: many targets are shown as causes and a matrix") {
  const Plan plan = many_targets();
  const std::string text = check_text({plan}, Style{});
  CHECK_THAT(text, Contains("block  1  clients: libpq 9.6  3 targets"));
  CHECK_THAT(text, Contains("app-4: operator #: as it was read\n          remedy"));
  CHECK_THAT(text, Contains("DROP OPERATOR !"));
  CHECK_THAT(text, Contains("target  1  2  3\napp-1   B  .  .\napp-2   B  .  .\napp-3   B  .  w\napp-4   .  B  .\napp-5   .  .  w\n"));
  CHECK_THAT(text, Contains("7 targets checked against 0 preconditions of postgres-13-to-15: 3 ready (1 with warnings), 4 blocked"));
}

TEST_CASE("check: a cause of very many targets is cut unless asked for all") {
  std::vector<std::vector<Finding>> findings(100, {seen(Severity::block, "clients", "role", "libpq 9.6", "rebuild")});
  const Plan plan = checked(findings);
  CHECK_THAT(check_text({plan}, Style{}), Contains("95 more (-v shows all)") && Contains("and 60 more targets"));
  CHECK_THAT(check_text({plan, 0, 0, true}, Style{}), !Contains("more (-v") && Contains("app-100"));
}

TEST_CASE("check: records hold one finding each and end with the totals") {
  const Plan plan = many_targets();
  const auto records = check_records({plan, 2});
  REQUIRE(records.size() == 9);
  CHECK(records[0]["kind"] == "finding");
  CHECK(records[0]["target"] == "app-1");
  CHECK(records[0]["cause"] == "libpq 9.6");
  CHECK(records.back()["kind"] == "check");
  CHECK(records.back()["blocked"] == 4);
  CHECK(check_json({plan})["causes"][0]["targets"] == json::array({"app-1", "app-2", "app-3"}));
}

TEST_CASE("check: SARIF has an error for what blocks, and a suppression for what is accepted") {
  Plan plan = many_targets();
  plan.targets[6].findings[0].accepted = true;
  const json run = check_sarif({plan}, {}, "fleet.yaml", "1.0")["runs"][0];
  CHECK(run["tool"]["driver"]["version"] == "1.0");
  REQUIRE(run["results"].size() == 8);
  CHECK(run["results"][0]["ruleId"] == "clients");
  CHECK(run["results"][0]["level"] == "error");
  CHECK(run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "fleet.yaml");
  CHECK_FALSE(run["results"][0].contains("suppressions"));
  CHECK(run["results"][7]["level"] == "note");
  CHECK(run["results"][7].contains("suppressions"));
}
