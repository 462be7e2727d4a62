#include "engine/plan/plan.hpp"

#include <catch2/catch.hpp>

#include "tests/engine/plan/fake_operations.hpp"
#include "tests/engine/plan/random_fleet.hpp"

using namespace pgconvoy;
using namespace pgconvoy::testing;

TEST_CASE("plan: a planned target comes back from JSON as it was") {
  PlannedTarget planned;
  planned.number = 7;
  planned.target = {"shop-live", "eu", {"shop-live"}, {"shop"}};
  planned.placements["shop"] = {"old", "new"};
  planned.steps.push_back(
      {"with_maintenance_page/redeploy#2@shop-live", "redeploy", "shop-live", {{"health_timeout", 60.0}}, 3.5, true});
  Finding finding;
  finding.severity = Severity::warn;
  finding.condition = "disk_space";
  finding.evidence = "\"quoted\" \xc3\xa9";
  planned.findings.push_back(finding);
  planned.facts_digest = "abc";
  planned.bytes = std::int64_t{1} << 40;
  planned.seconds = 12.25;
  planned.paused_seconds = 3.5;

  const json written = planned;
  const auto read = json::parse(written.dump()).get<PlannedTarget>();
  CHECK(json(read) == written);
  CHECK(read.target.instances == planned.target.instances);
  CHECK(read.placements.at("shop").target_server == "new");
  CHECK(read.steps.at(0).path == planned.steps[0].path);
  CHECK(read.steps.at(0).arguments == planned.steps[0].arguments);
  CHECK(read.steps.at(0).while_paused);
  CHECK(read.findings.at(0).severity == Severity::warn);
  CHECK(read.bytes == planned.bytes);
}

TEST_CASE("plan: its header comes back from JSON as it was") {
  Plan plan;
  plan.fleet = random_fleet(3);
  plan.runbook.name = "move";
  plan.runbook.operations = {{"redeploy", {{"health_timeout", 5}}, {}}};
  plan.runbook_digest = digest(plan.runbook);
  plan.fleet_digest = digest(plan.fleet);
  plan.options.seed = 18446744073709551615U;
  plan.options.max_failures = "5%";
  plan.options.overrides["disk_space"] = "it is a test";
  plan.requirements = {"a", "provisioned", "b"};
  plan.targets.resize(3);

  const Plan read = plan_from_header(json::parse(plan_header(plan).dump()));
  CHECK(plan_header(read) == plan_header(plan));
  CHECK(digest(read.runbook) == plan.runbook_digest);
  CHECK(digest(read.fleet) == plan.fleet_digest);
  CHECK(read.options.seed == plan.options.seed);
  CHECK(read.options.overrides == plan.options.overrides);
  CHECK(read.requirements.target_service == "b");
  CHECK(read.targets.empty());
}

TEST_CASE("plan: only a finding of severity block blocks a target") {
  PlannedTarget planned;
  CHECK_FALSE(planned.blocked());
  planned.findings.resize(2);
  planned.findings[0].severity = Severity::info;
  planned.findings[1].severity = Severity::warn;
  CHECK_FALSE(planned.blocked());
  planned.findings[1].severity = Severity::block;
  CHECK(planned.blocked());
}
