// Costs for people and for programs. A price that is missing is a "?" in a table, null in JSON, nothing in CSV: never a zero.
#include <fmt/format.h>

#include <algorithm>

#include "engine/report/forecast_report.hpp"
#include "engine/report/markup.hpp"
#include "engine/report/table.hpp"
#include "engine/report/text.hpp"

namespace pgconvoy::report {
namespace {

std::string in_words_of(const std::string& kind) {
  if (kind == "engineers") return "people at work";
  if (kind == "old_servers") return "old servers go on";
  if (kind == "old_storage") return "old databases kept";
  if (kind == "backups") return "backups kept";
  if (kind == "transfer") return "transfer";
  return "downtime";
}

std::string money_words(const std::optional<Money>& money) {
  if (!money) return "?";
  if (money->high - money->low < 0.005) return fmt::format("{:.2f}", money->low);
  return fmt::format("{:.2f} - {:.2f}", money->low, money->high);
}

std::string amount_words(const CostLine& line) {
  if (line.high - line.low < 0.005 * std::max(1.0, line.high)) return fmt::format("{:.3g} {}", line.low, line.unit);
  return fmt::format("{:.3g} - {:.3g} {}", line.low, line.high, line.unit);
}

Cell money_cell(const std::optional<Money>& money) { return Cell(money_words(money), money ? Tone::plain : Tone::warn); }

json money_json(const std::optional<Money>& money) {
  if (!money) return nullptr;
  return {{"low", money->low}, {"high", money->high}};
}

json line_json(const CostLine& line) {
  return {{"low", line.low}, {"high", line.high}, {"unit", line.unit}, {"money", money_json(line.money)}};
}

// Where a number is missing to know it, the sum is at least that.
std::string total_words(const Money& total, bool complete) { return money_words(total) + (complete ? "" : " and what is missing"); }

}  // namespace

std::string cost_text(const PlanCost& cost, const Style& style, std::size_t width, bool verbose) {
  std::string text = style.bold(fmt::format("cost in {}", shown(cost.currency))) + "\n";
  Table table({{"region", Align::left, true}, {"for"}, {"amount", Align::right}, {"low - high", Align::right}});
  for (const auto& [region, kinds] : cost.regions) {
    Money total;
    bool complete = true;
    for (const std::string& kind : cost_kinds()) {
      const auto line = kinds.find(kind);
      if (line == kinds.end()) continue;
      table.add({shown(region), in_words_of(kind), amount_words(line->second), money_cell(line->second.money)});
      if (line->second.money) total += *line->second.money;
      complete = complete && line->second.money;
    }
    if (cost.regions.size() > 1) table.add({shown(region), "all of it", "", total_words(total, complete)});
  }
  table.add({"all", "the run", "", Cell(total_words(cost.total, cost.complete), cost.complete ? Tone::plain : Tone::warn)});
  text += table.text(style, width);
  if (verbose) {
    Table targets({{"target", Align::left, true}, {"low - high", Align::right}});
    for (const TargetCost& target : cost.targets) targets.add({shown(target.id), total_words(target.total, target.complete)});
    text += "\n" + targets.text(style, width);
  }
  const std::size_t limit = width == 0 ? 100000 : width;
  for (const std::string& missing : cost.missing) text += style.warn(wrapped(shown(missing), limit, 2)) + "\n";
  for (const std::string& assumption : cost.assumptions) text += wrapped("counted: " + assumption, limit, 2) + "\n";
  return text;
}

json cost_json(const PlanCost& cost) {
  json document{{"currency", cost.currency}, {"complete", cost.complete}, {"missing", cost.missing}, {"assumptions", cost.assumptions},
                {"total", money_json(cost.total)}};
  document["regions"] = json::object();
  for (const auto& [region, kinds] : cost.regions)
    for (const auto& [kind, line] : kinds) document["regions"][region][kind] = line_json(line);
  document["targets"] = json::array();
  for (const TargetCost& target : cost.targets) {
    json entry{{"number", target.number}, {"id", target.id}, {"region", target.region}, {"complete", target.complete}, {"total", money_json(target.total)}};
    for (const CostLine& line : target.lines) entry["lines"][line.kind] = line_json(line);
    document["targets"].push_back(std::move(entry));
  }
  return document;
}

std::string plan_csv(const Plan& plan, const PlanCost* cost) {
  std::string text = "number,target,region,databases,bytes,blocked,seconds,seconds_p90,paused_seconds,paused_p90";
  if (cost) {
    text += ",currency,complete,total_low,total_high";
    for (const std::string& kind : cost_kinds()) text += fmt::format(",{0}_low,{0}_high", kind);
  }
  text += "\n";
  std::map<int, const TargetCost*> by_number;
  if (cost)
    for (const TargetCost& target : cost->targets) by_number[target.number] = &target;
  for (const PlannedTarget& planned : plan.targets) {
    text += fmt::format("{},{},{},{},{},{},{:.3f},{:.3f},{:.3f},{:.3f}", planned.number, csv_field(planned.target.id), csv_field(planned.target.region),
                        planned.placements.size(), planned.bytes, planned.blocked() ? "yes" : "no", planned.seconds, planned.seconds_p90,
                        planned.paused_seconds, planned.paused_p90);
    if (cost) {
      const auto found = by_number.find(planned.number);
      if (found == by_number.end()) {
        text += "," + csv_field(cost->currency) + std::string(3 + 2 * cost_kinds().size(), ',');
      } else {
        const TargetCost& target = *found->second;
        text += fmt::format(",{},{},{:.2f},{:.2f}", csv_field(cost->currency), target.complete ? "yes" : "no", target.total.low, target.total.high);
        for (const CostLine& line : target.lines) text += line.money ? fmt::format(",{:.4f},{:.4f}", line.money->low, line.money->high) : ",,";
      }
    }
    text += "\n";
  }
  return text;
}

}  // namespace pgconvoy::report
