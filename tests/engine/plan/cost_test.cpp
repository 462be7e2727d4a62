#include "engine/plan/cost.hpp"

#include <catch2/catch.hpp>

using namespace pgconvoy;

namespace {

PlannedTarget priced_target(int number, const std::string& region, double gigabytes) {
  PlannedTarget planned;
  planned.number = number;
  planned.target.id = "t" + std::to_string(number);
  planned.target.region = region;
  planned.target.environments = {planned.target.id};
  planned.placements["db"] = {region + "-13", region + "-15", ""};
  planned.bytes = static_cast<std::int64_t>(gigabytes * 1e9);
  planned.seconds = 3600;
  planned.seconds_p90 = 7200;
  planned.paused_seconds = 600;
  planned.paused_p90 = 1200;
  StepPlan backup, drop;
  backup.operation = "backup_collected_services";
  backup.work = {{"table_bytes", gigabytes * 0.8e9}};
  drop.operation = "deprovision_collected_instances";
  drop.arguments = {{"retention", 30 * 86400.0}};
  planned.steps = {backup, drop};
  return planned;
}

Plan priced_plan() {
  Plan plan;
  plan.targets = {priced_target(1, "eu", 30), priced_target(2, "eu", 10)};
  plan.options.backup_retention = 15 * 86400.0;
  for (const PlannedTarget& planned : plan.targets) plan.fleet.environments[planned.target.id].labels["plan"] = "business";
  return plan;
}

PriceBook whole_book() {
  PriceBook book;
  book.currency = "EUR";
  book.regions["eu"] = {0.5, 0.1, 0.02, 0.01, 80.0};
  book.downtime_minute["business"] = 3;
  return book;
}

const CostLine& line(const TargetCost& target, const std::string& kind) {
  for (const CostLine& each : target.lines)
    if (each.kind == kind) return each;
  throw std::runtime_error(kind);
}

}  // namespace

TEST_CASE("cost: each kind is an amount times its price, low and high") {
  const PlanCost cost = cost_of(priced_plan(), whole_book());
  REQUIRE(cost.targets.size() == 2);
  CHECK(cost.complete);
  CHECK(cost.missing.empty());
  const TargetCost& first = cost.targets[0];
  CHECK(line(first, "engineers").money->low == Approx(80));
  CHECK(line(first, "engineers").money->high == Approx(160));
  // Two hours of work and 30 days of retention, three quarters of it for this one's bytes.
  CHECK(line(first, "old_servers").money->low == Approx((2 + 720) * 0.5 * 0.75));
  CHECK(line(first, "old_storage").money->low == Approx(30 * (720 + 1) / 720.0 * 0.1));
  CHECK(line(first, "backups").money->low == Approx(24 * 0.25 / 2 * 0.02));
  CHECK(line(first, "backups").money->high == Approx(24 * 1.0 / 2 * 0.02));
  CHECK(line(first, "transfer").money->low == Approx(4 * 24 * 0.01));
  CHECK(line(first, "downtime").money->low == Approx(30));
  CHECK(line(first, "downtime").money->high == Approx(60));
  Money sum;
  for (const TargetCost& target : cost.targets)
    for (const CostLine& each : target.lines) sum += *each.money;
  CHECK(cost.total.low == Approx(sum.low));
  CHECK(cost.total.high == Approx(sum.high));
  CHECK(cost.regions.at("eu").at("downtime").money->low == Approx(60));
  for (const TargetCost& target : cost.targets)
    for (const CostLine& each : target.lines) CHECK(each.money->high >= each.money->low);
}

TEST_CASE("cost: a price that is missing is said and never counted as nothing") {
  PriceBook book = whole_book();
  book.regions["eu"].backup_gb_month.reset();
  book.downtime_minute.clear();
  const PlanCost cost = cost_of(priced_plan(), book);
  CHECK_FALSE(cost.complete);
  CHECK_FALSE(cost.targets[0].complete);
  CHECK_FALSE(line(cost.targets[0], "backups").money);
  CHECK_FALSE(cost.regions.at("eu").at("downtime").money);
  CHECK(line(cost.targets[0], "engineers").money);
  REQUIRE(cost.missing.size() == 2);
  CHECK(cost.missing[0] == "no price for backup_gb_month in region eu: not counted for 2 targets");
  CHECK(cost.missing[1] == "no price for downtime_minute of plan business: not counted for 2 targets");
  // Free is something else.
  book.regions["eu"].backup_gb_month = 0;
  CHECK(line(cost_of(priced_plan(), book).targets[0], "backups").money->high == 0);
}

TEST_CASE("cost: what a precondition blocks costs nothing, and who says nothing about backups is told what is counted") {
  Plan plan = priced_plan();
  Finding block;
  block.severity = Severity::block;
  plan.targets[0].findings = {block};
  plan.options.backup_retention.reset();
  const PlanCost cost = cost_of(plan, whole_book());
  CHECK(cost.targets.size() == 1);
  CHECK(cost.assumptions.front().find("30 days") != std::string::npos);
}
