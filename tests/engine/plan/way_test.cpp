#include "engine/plan/way.hpp"

#include "tests/support/catch.hpp"

using namespace pgconvoy;
using Catch::Contains;

namespace {

Runbook able() {
  Runbook runbook;
  RunbookNode page{"with_maintenance_page", json::object(), {{"transfer_to_prepared_services", json::object(), {}}}};
  runbook.operations = {{"prepare_reprovisioned_services", json::object(), {}}, page};
  return runbook;
}

TargetFacts facts_of(const std::string& controller) {
  TargetFacts facts;
  facts.databases["shop-db"].instance = "shop-db";
  facts.target_server["shop-db"] = "eu-pg15";
  facts.servers["eu-pg15"].superuser = true;
  facts.applications["shop-live"].controller = controller;
  return facts;
}

}  // namespace

TEST_CASE("way: throughput is what is asked for, whatever would be possible") {
  CHECK(choose_way(kThroughput, able(), facts_of("local")).name == kThroughput);
  CHECK(choose_way(kThroughput, able(), facts_of("local")).because == "");
}

TEST_CASE("way: short-pause where it is possible, otherwise throughput and why") {
  CHECK(choose_way(kShortPause, able(), facts_of("none")).name == kShortPause);

  TargetFacts objects = facts_of("local");
  objects.databases["shop-db"].large_objects = 1;
  objects.source_server["shop-db"] = "eu-pg13";
  objects.servers["eu-pg13"].superuser = true;
  CHECK(choose_way(kShortPause, able(), objects).name == kShortPause);
  objects.servers["eu-pg13"].superuser = false;
  Way way = choose_way(kShortPause, able(), objects);
  CHECK(way.name == kThroughput);
  CHECK_THAT(way.because, Contains("shop-db has large objects, and the administrator of its server is no superuser"));
  objects.databases["shop-db"].large_objects = 0;
  CHECK(choose_way(kShortPause, able(), objects).name == kShortPause);

  TargetFacts managed = facts_of("local");
  managed.servers["eu-pg15"].superuser = false;
  CHECK_THAT(choose_way(kShortPause, able(), managed).because, Contains("no superuser"));

  CHECK_THAT(choose_way(kShortPause, Runbook(), facts_of("local")).because, Contains("the runbook has no prepare_reprovisioned_services"));

  Runbook adopting = able();
  adopting.operations.push_back({"reprovision_collected_instances", {{"adopt_empty", true}}, {}});
  CHECK_THAT(choose_way(kShortPause, adopting, facts_of("local")).because, Contains("adopted"));
}

TEST_CASE("way: auto shortens the pause of applications that we pause, and nothing else") {
  CHECK(choose_way(kAutomatic, able(), facts_of("local")).name == kShortPause);
  CHECK(choose_way(kAutomatic, able(), facts_of("none")).name == kThroughput);
  for (const char* name : {kThroughput, kShortPause, kAutomatic}) CHECK(is_way(name));
  CHECK_FALSE(is_way("fast"));
}
