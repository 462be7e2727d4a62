#include "engine/report/check_report.hpp"
#include "engine/report/findings_report.hpp"

#include <catch2/catch.hpp>

#include "engine/report/plan_report.hpp"
#include "engine/run/findings.hpp"

using namespace pgconvoy;
using namespace pgconvoy::report;
using Catch::Matchers::Contains;

namespace {

Finding finding(Severity severity, const std::string& object) {
  return {severity, "extensions_available", object, "postgis 2.5 isn't there", "it can't be restored", "apt install postgis", false};
}

Plan plan_finding(std::vector<std::vector<Finding>> findings) {
  Plan plan;
  plan.runbook.name = "postgres-13-to-15";
  for (auto& of_target : findings) {
    PlannedTarget planned;
    planned.number = static_cast<int>(plan.targets.size()) + 1;
    planned.target.id = "t" + std::to_string(planned.number);
    planned.target.region = "eu";
    planned.placements["db"] = {"eu-pg13", "eu-pg15"};
    planned.bytes = 1 << 20;
    planned.seconds = 8;
    planned.paused_seconds = 6;
    planned.findings = std::move(of_target);
    planned.steps.push_back({"with_maintenance_page/fence_source@db", "fence_source", "db", json::object(), 0.5, true});
    plan.targets.push_back(std::move(planned));
  }
  return plan;
}

std::size_t occurrences(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("check: findings stand under their target, why and remedy once") {
  const Plan plan = plan_finding({{finding(Severity::block, "database \"a\"")}, {finding(Severity::block, "database \"b\"")}, {}});
  const std::string text = check_text({plan}, Style{});
  CHECK_THAT(text, Contains("t1\n  block extensions_available: database \"a\": postgis 2.5 isn't there\n"));
  CHECK_THAT(text, Contains("t2\n  block extensions_available: database \"b\""));
  CHECK(occurrences(text, "apt install postgis") == 1);
  CHECK_THAT(text, Contains("3 targets checked against 0 preconditions of postgres-13-to-15: 1 ready, 2 blocked"));
}

TEST_CASE("check: findings of severity info are for -v") {
  const Plan plan = plan_finding({{finding(Severity::info, "database \"a\"")}});
  CHECK_THAT(check_text({plan}, Style{}), !Contains("extensions_available"));
  CHECK_THAT(check_text({plan, 0, 0, true}, Style{}), Contains("info  extensions_available"));
}

TEST_CASE("check: -v names the preconditions that hold") {
  Plan plan = plan_finding({{finding(Severity::block, "a")}, {}});
  plan.runbook.preconditions = {{"extensions_available", json::object(), {}}, {"disk_space", json::object(), {}}};
  const std::string text = check_text({plan, 0, 0, true}, Style{});
  CHECK_THAT(text, Contains("t2\n  ok    extensions_available\n  ok    disk_space\n"));
  CHECK(occurrences(text, "ok    extensions_available") == 1);
  CHECK_THAT(check_text({plan}, Style{}), !Contains("ok    "));
}

TEST_CASE("plan: says how many targets need a URL set by hand, and what a retention of 0 means") {
  Plan plan = plan_finding({{}, {}});
  plan.fleet.servers["eu-pg13"].id = "eu-pg13";
  plan.fleet.environments["t1"].controller.kind = "local";
  plan.fleet.environments["t2"].controller.kind = "none";
  for (PlannedTarget& planned : plan.targets) planned.target.environments = {planned.target.id};
  plan.targets[0].steps.push_back({"deprovision_collected_instances@db", "deprovision_collected_instances", "db", {{"retention", 0.0}}, 0, false});
  const std::string text = plan_summary_text({plan, 7}, Style{});
  CHECK_THAT(text, Contains("1 target has an application that pgconvoy doesn't control"));
  CHECK_THAT(text, Contains("pgconvoy resolve RUN TARGET --as done --reason TEXT"));
  CHECK_THAT(text, Contains("old databases are dropped at once"));
  CHECK(plan_json({plan, 7})["totals"]["by_hand"] == 1);
}

TEST_CASE("plan: what was overridden stands in it with the reason, everything at once in words") {
  Plan plan = plan_finding({{}});
  plan.options.overrides = {{"disk_space", "the volume grows tonight"}, {kEveryCondition, "to see it fail"}};
  const std::string text = plan_summary_text({plan, 7}, Style{});
  CHECK_THAT(text, Contains("overridden: disk_space (the volume grows tonight)"));
  CHECK_THAT(text, Contains("overridden: every precondition (to see it fail)"));
}

TEST_CASE("plan: nothing proposes to run what is blocked as a whole") {
  CHECK_THAT(plan_text({plan_finding({{finding(Severity::block, "a")}}), 7}, Style{}), !Contains("run --plan"));
}

TEST_CASE("check: JSON tells blocked targets from ready ones") {
  const Plan plan = plan_finding({{finding(Severity::block, "a")}, {finding(Severity::warn, "b")}, {}});
  const json document = check_json({plan, 4});
  CHECK(document["version"] == 1);
  CHECK(document["totals"] == json({{"targets", 3}, {"ready", 2}, {"with_warnings", 1}, {"blocked", 1}, {"not_offered", 4}, {"accepted", 0}}));
  CHECK(document["targets"][0]["blocked"] == true);
  CHECK(document["targets"][0]["findings"][0]["remedy"] == "apt install postgis");
}

TEST_CASE("plan: blocked targets count neither in the duration nor in the pause") {
  Plan plan = plan_finding({{finding(Severity::block, "a")}, {}, {}});
  plan.targets[0].seconds = 1000;
  plan.targets[0].paused_seconds = 900;
  plan.options.concurrency_per_region = 2;
  const PlanTotals totals = totals_of(plan);
  CHECK(totals.blocked == 1);
  CHECK(totals.elapsed == Approx(8));
  CHECK(totals.longest_pause == Approx(6));
}

TEST_CASE("plan: shows order, steps, limits and the command that runs it") {
  Plan plan = plan_finding({{}, {finding(Severity::warn, "b")}});
  plan.options.seed = 4711;
  plan.options.backup_directory = "/backups";
  const std::string text = plan_text({plan, 7, 3, false, 0, " --journal x.db"}, Style{});
  CHECK_THAT(text, Contains("#  target  region  db  size  total  paused  findings\n1  t1      eu       1  1 MB  8.0 s   6.0 s  ready\n"));
  CHECK_THAT(text, Contains("1 warning"));
  CHECK_THAT(text, Contains("fence_source  (paused)"));
  CHECK_THAT(text, Contains("order from seed 4711") && Contains("the first failure starts no new ones"));
  CHECK_THAT(text, Contains("3 targets more selected"));
  CHECK_THAT(text, Contains("pgconvoy run --plan r7 --journal x.db"));
  CHECK(plan_json({plan, 7})["run"] == "r7");
}
