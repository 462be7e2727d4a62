#include "runbooks/inbound.hpp"

#include "engine/facts/foreign_data.hpp"
#include "tests/support/catch.hpp"

using namespace pgconvoy;
using Catch::Contains;

namespace {

// Two targets, one database each, "crm" and "shop", both leaving eu-pg13.
Plan plan_of_two() {
  Plan plan;
  plan.runbook.preconditions.push_back({"other_clients_seen", json::object(), {}});
  for (const char* id : {"crm", "shop"}) {
    Instance instance;
    instance.id = instance.database = id;
    instance.server = "eu-pg13";
    plan.fleet.instances[id] = instance;
    PlannedTarget planned;
    planned.target.id = std::string(id) + "-live";
    planned.target.instances = {id};
    planned.placements[id] = {"eu-pg13", "eu-pg15", ""};
    plan.targets.push_back(planned);
  }
  return plan;
}

TargetFacts facts_with(const std::string& database, ForeignLeadFact lead) {
  TargetFacts facts;
  ForeignPlacesFact places;
  places.leads.push_back(std::move(lead));
  facts.databases[database].database = database;
  facts.databases[database].parts[kForeignPlacesPart] = json(places);
  return facts;
}

}  // namespace

TEST_CASE("inbound: a database that another one's foreign server leads to is told") {
  Plan plan = plan_of_two();
  Inbound inbound;
  inbound.note("shop-live", facts_with("shop", {"crm_here", "eu-pg13", "crm"}));
  inbound.tell(plan, WallTime());
  REQUIRE(plan.targets[0].findings.size() == 1);
  const Finding& finding = plan.targets[0].findings.front();
  CHECK(finding.severity == Severity::warn);
  CHECK(finding.object == "database \"crm\"");
  CHECK_THAT(finding.evidence, Contains("foreign server crm_here in database \"shop\" of shop-live"));
  CHECK(plan.targets[1].findings.empty());
}

TEST_CASE("inbound: one that leads elsewhere, to itself, or that nobody asked about is silent") {
  Plan plan = plan_of_two();
  Inbound inbound;
  inbound.note("shop-live", facts_with("shop", {"other", "eu-pg13", "stock"}));
  inbound.note("shop-live", facts_with("shop", {"server", "us-pg13", "crm"}));
  inbound.note("shop-live", facts_with("shop", {"itself", "eu-pg13", "shop"}));
  inbound.note("shop-live", facts_with("shop", {"nameless", "eu-pg13", ""}));
  inbound.tell(plan, WallTime());
  for (const PlannedTarget& planned : plan.targets) CHECK(planned.findings.empty());

  Inbound asked;
  asked.note("shop-live", facts_with("shop", {"crm_here", "eu-pg13", "crm"}));
  plan.runbook.preconditions.clear();
  asked.tell(plan, WallTime());
  CHECK(plan.targets[0].findings.empty());
}

TEST_CASE("inbound: what the fleet accepts is an info with its reason") {
  Plan plan = plan_of_two();
  plan.fleet.suppressions.push_back({"other_clients_seen", "crm-*", "*", "the report moves a week later", "2099-12-31"});
  Inbound inbound;
  inbound.note("shop-live", facts_with("shop", {"crm_here", "eu-pg13", "crm"}));
  inbound.tell(plan, WallTime());
  REQUIRE(plan.targets[0].findings.size() == 1);
  CHECK(plan.targets[0].findings.front().severity == Severity::info);
  CHECK_THAT(plan.targets[0].findings.front().evidence, Contains("the report moves a week later"));
}
