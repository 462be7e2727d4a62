#include "engine/plan/cost.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "engine/plan/estimate.hpp"
#include "engine/plan/priors.hpp"

namespace pgconvoy {
namespace {

constexpr double kHour = 3600, kMonth = 30 * 86400.0, kGigabyte = 1e9;
constexpr double kUsualBackupRetention = kMonth;  // where nobody says how long they are kept
// An archive of ordinary data is a quarter of it, one of compressed data about as large.
constexpr double kSmallArchive = 0.25, kLargeArchive = 1;

double argument_of(const PlannedTarget& planned, const char* name, double otherwise) {
  for (const StepPlan& step : planned.steps)
    if (step.arguments.is_object() && step.arguments.contains(name) && step.arguments.at(name).is_number()) return step.arguments.at(name).get<double>();
  return otherwise;
}

// What is dumped of its databases: the work of the backup; of plans without, everything.
double content_of(const PlannedTarget& planned) {
  double bytes = 0;
  for (const StepPlan& step : planned.steps)
    if (step.operation == "backup_collected_services")
      for (const char* name : {term::kTableBytes, term::kLargeObjectBytes})
        if (const auto found = step.work.find(name); found != step.work.end()) bytes += found->second;
  return bytes > 0 ? bytes : static_cast<double>(planned.bytes);
}

class Reckoning {
 public:
  Reckoning(const Plan& plan, const PriceBook& book) : plan_(plan), book_(book) {
    cost_.currency = book.currency;
    if (plan.options.backup_retention) {
      backup_seconds_ = *plan.options.backup_retention;
    } else if (plan.fleet.backups.retention) {
      backup_seconds_ = plan.fleet.backups.retention->count();
    } else {
      backup_seconds_ = kUsualBackupRetention;
      cost_.assumptions.push_back("nobody says how long backups are kept: 30 days are counted");
    }
    for (const PlannedTarget& planned : plan.targets) {
      if (planned.blocked()) continue;
      const double seconds = planned.seconds / std::max(1.0, planned.beside);
      active_[planned.target.region] += seconds;
      for (const std::string& server : left_by(planned)) leaving_[server] += bytes_of(planned, server);
    }
  }

  PlanCost reckon() {
    for (const PlannedTarget& planned : plan_.targets)
      if (!planned.blocked()) add(planned);
    cost_.assumptions.push_back(fmt::format("{:g} engineer{} while a region is at work; each server that is left runs until the retention of its databases is over",
                                            book_.engineers, book_.engineers == 1 ? "" : "s"));
    for (const auto& [what, targets] : missing_)
      cost_.missing.push_back(fmt::format("no price for {}: not counted for {} target{}", what, targets, targets == 1 ? "" : "s"));
    return std::move(cost_);
  }

 private:
  static std::set<std::string> left_by(const PlannedTarget& planned) {
    std::set<std::string> servers;
    for (const auto& [instance, placement] : planned.placements) servers.insert(placement.source_server);
    return servers;
  }

  // Of a target with databases on several servers each gets the same part: sizes are known of all of them together.
  static double bytes_of(const PlannedTarget& planned, const std::string& server) {
    double there = 0;
    for (const auto& [instance, placement] : planned.placements) there += placement.source_server == server;
    return std::max(1.0, static_cast<double>(planned.bytes)) * there / static_cast<double>(planned.placements.size());
  }

  void add(const PlannedTarget& planned) {
    TargetCost target;
    target.number = planned.number;
    target.id = planned.target.id;
    target.region = planned.target.region;
    const RegionPrices prices = book_.of_region(target.region);
    const double slower = planned.seconds > 0 ? std::max(1.0, planned.seconds_p90 / planned.seconds) : 1;
    const double beside = std::max(1.0, planned.beside), retention = argument_of(planned, "retention", 0);
    const double bytes = static_cast<double>(planned.bytes), content = content_of(planned);

    const double attended = planned.seconds / beside / kHour * book_.engineers;
    line(target, "engineers", attended, attended * slower, "engineer-hours", prices.engineer_hour, "engineer_hour");

    double server_hours = 0;
    for (const std::string& server : left_by(planned))
      server_hours += (active_[target.region] + retention) / kHour * bytes_of(planned, server) / leaving_.at(server);
    line(target, "old_servers", server_hours, server_hours + (slower - 1) * attended, "instance-hours", prices.instance_hour, "instance_hour");
    const double stored = bytes / kGigabyte * (retention + planned.seconds) / kMonth;
    line(target, "old_storage", stored, stored, "GB-months", prices.storage_gb_month, "storage_gb_month");
    const double kept = content / kGigabyte * backup_seconds_ / kMonth;
    line(target, "backups", kept * kSmallArchive, kept * kLargeArchive, "GB-months", prices.backup_gb_month, "backup_gb_month");
    // Out of the old server, into the new one, and both once more to be compared.
    const double moved = 4 * content / kGigabyte;
    line(target, "transfer", moved, moved, "GB", prices.transfer_gb, "transfer_gb");
    add_downtime(target, planned);

    for (CostLine& each : target.lines) add_to_totals(target, each);
    cost_.total += target.total;
    cost_.complete = cost_.complete && target.complete;
    cost_.targets.push_back(std::move(target));
  }

  void line(TargetCost& target, const char* kind, double low, double high, const char* unit, const std::optional<double>& price,
            const std::string& named) {
    CostLine made{kind, low, high, unit, std::nullopt};
    if (price)
      made.money = Money{low * *price, high * *price};
    else
      ++missing_[fmt::format("{} in region {}", named, target.region)];
    target.lines.push_back(std::move(made));
  }

  // Each of its environments is down for as long as the target is paused.
  void add_downtime(TargetCost& target, const PlannedTarget& planned) {
    CostLine made{"downtime", 0, 0, "minutes", Money{}};
    for (const std::string& id : planned.target.environments) {
      const auto environment = plan_.fleet.environments.find(id);
      std::string plan;
      if (environment != plan_.fleet.environments.end())
        if (const auto label = environment->second.labels.find("plan"); label != environment->second.labels.end()) plan = label->second;
      const double low = planned.paused_seconds / 60, high = std::max(planned.paused_p90, planned.paused_seconds) / 60;
      made.low += low;
      made.high += high;
      const auto price = book_.downtime_of(plan);
      if (price && made.money) *made.money += Money{low * *price, high * *price};
      if (price) continue;
      ++missing_[plan.empty() ? "downtime_minute of environments without a label plan" : "downtime_minute of plan " + plan];
      made.money.reset();
    }
    target.lines.push_back(std::move(made));
  }

  void add_to_totals(TargetCost& target, const CostLine& each) {
    CostLine& sum = cost_.regions[target.region].try_emplace(each.kind, CostLine{each.kind, 0, 0, each.unit, Money{}}).first->second;
    sum.low += each.low;
    sum.high += each.high;
    if (each.money && sum.money) *sum.money += *each.money;
    if (!each.money) sum.money.reset();
    if (each.money) target.total += *each.money;
    target.complete = target.complete && each.money.has_value();
  }

  const Plan& plan_;
  const PriceBook& book_;
  double backup_seconds_ = 0;
  std::map<std::string, double> active_;   // region -> seconds of work
  std::map<std::string, double> leaving_;  // server -> bytes that leave it
  std::map<std::string, int> missing_;
  PlanCost cost_;
};

}  // namespace

const std::vector<std::string>& cost_kinds() {
  static const std::vector<std::string> kinds{"engineers", "old_servers", "old_storage", "backups", "transfer", "downtime"};
  return kinds;
}

PlanCost cost_of(const Plan& plan, const PriceBook& book) { return Reckoning(plan, book).reckon(); }

}  // namespace pgconvoy
