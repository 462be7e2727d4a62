// What a run costs by a price book. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/fleet/prices.hpp"
#include "engine/plan/plan.hpp"

namespace pgconvoy {

// In the book's currency: with durations as likely less as more and archives that compress well, and with those that nine of
// ten keep to and archives that don't.
struct Money {
  double low = 0, high = 0;
  Money& operator+=(const Money& other) {
    low += other.low;
    high += other.high;
    return *this;
  }
};

// engineers, old_servers, old_storage, backups, transfer, downtime: in this order.
const std::vector<std::string>& cost_kinds();

struct CostLine {
  std::string kind;
  double low = 0, high = 0;    // amount, in `unit`
  std::string unit;            // "engineer-hours", "GB-months", ...
  std::optional<Money> money;  // none: a price of it is missing
};

struct TargetCost {
  int number = 0;
  std::string id, region;
  std::vector<CostLine> lines;  // by kind
  Money total;                  // of the lines that have a price
  bool complete = true;         // all of them have
};

struct PlanCost {
  std::string currency;
  std::vector<TargetCost> targets;            // in the order of the run, blocked ones left out
  std::map<std::string, std::map<std::string, CostLine>> regions;  // region -> kind; money is none when it is of any target
  Money total;
  bool complete = true;
  std::vector<std::string> missing;           // a sentence for each price that the book doesn't have
  std::vector<std::string> assumptions;       // likewise
};

// Counted are: people's time while a region is at work; the servers that are left, from the run's beginning to the end of the
// retention, shared by the databases that leave them in proportion to their bytes, and the storage of those; backups for as long as they
// are kept; what is read and written through pgconvoy; minutes of pause by the plan of each environment (its label `plan`).
// REQUIRES: the plan was estimated.
PlanCost cost_of(const Plan& plan, const PriceBook& book);

}  // namespace pgconvoy
