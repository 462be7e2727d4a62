#include "engine/run/pause_budgets.hpp"

#include "tests/support/catch.hpp"

using namespace pgconvoy;

namespace {

// One target with two environments, of which one may be down for a minute, and one target without a budget.
Plan plan_with_budgets() {
  Plan plan;
  plan.fleet.environments["shop"].downtime_budget = Seconds(60);
  plan.fleet.environments["desk"].downtime_budget = Seconds(600);
  plan.fleet.environments["wiki"];
  plan.targets.resize(2);
  plan.targets[0].target.environments = {"desk", "shop"};
  plan.targets[1].target.environments = {"wiki"};
  return plan;
}

const WallTime kEight = parse_utc("2026-11-29T20:00:00.000Z");

Event happened(EventKind kind, int target, const std::string& step, int seconds) {
  Event event;
  event.kind = kind;
  event.target = target;
  event.step = step;
  event.at = kEight + std::chrono::seconds(seconds);
  return event;
}

}  // namespace

TEST_CASE("pause budgets: the smallest of a target's environments, from the first page to the last") {
  const Plan plan = plan_with_budgets();
  PauseBudgets budgets(plan);
  budgets.journaled(happened(EventKind::step_succeeded, 1, "with_maintenance_page/page_on@desk", 0));
  budgets.journaled(happened(EventKind::step_succeeded, 1, "with_maintenance_page/page_on@shop", 10));
  budgets.journaled(happened(EventKind::step_succeeded, 2, "with_maintenance_page/page_on@wiki", 0));
  CHECK(budgets.next() == kEight + std::chrono::seconds(60));
  CHECK(budgets.spent(kEight + std::chrono::seconds(59)).empty());
  const auto spent = budgets.spent(kEight + std::chrono::seconds(60));
  REQUIRE(spent.size() == 1);
  CHECK(spent[0].target == 1);
  CHECK(spent[0].budget == Seconds(60));
  CHECK(spent[0].paused_at == kEight);
  CHECK(budgets.spent(kEight + std::chrono::seconds(90)).empty());  // said once
  CHECK_FALSE(budgets.next().has_value());
}

TEST_CASE("pause budgets: a pause that ends in time is none") {
  const Plan plan = plan_with_budgets();
  for (const auto& [kind, step] : std::vector<std::pair<EventKind, std::string>>{
           {EventKind::step_succeeded, "with_maintenance_page/page_off"}, {EventKind::step_undone, "with_maintenance_page/page_on"}}) {
    PauseBudgets budgets(plan);
    for (const char* subject : {"@desk", "@shop"})
      budgets.journaled(happened(EventKind::step_succeeded, 1, std::string("with_maintenance_page/page_on") + subject, 0));
    budgets.journaled(happened(kind, 1, step + "@shop", 20));
    CHECK(budgets.next().has_value());
    budgets.journaled(happened(kind, 1, step + "@desk", 30));
    CHECK_FALSE(budgets.next().has_value());
  }
  PauseBudgets budgets(plan);
  budgets.journaled(happened(EventKind::step_succeeded, 1, "with_maintenance_page/page_on@desk", 0));
  budgets.journaled(happened(EventKind::target_rolled_back, 1, "", 30));
  CHECK_FALSE(budgets.next().has_value());
}

TEST_CASE("pause budgets: what an earlier process left behind its page goes on being counted") {
  const Plan plan = plan_with_budgets();
  PauseBudgets budgets(plan);
  TargetRecord record;
  record.number = 1;
  record.paused_at = kEight;
  budgets.recall(record);
  CHECK(budgets.spent(kEight + std::chrono::seconds(61)).size() == 1);
  record.resumed_at = kEight + std::chrono::seconds(30);
  PauseBudgets others(plan);
  others.recall(record);
  CHECK_FALSE(others.next().has_value());
}
