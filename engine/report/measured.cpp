#include "engine/report/measured.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "engine/core/bytes.hpp"
#include "engine/report/text.hpp"

namespace pgconvoy::report {
namespace {

// Of the others a speed would say nothing.
const std::set<std::string_view> kReadOrWriteRows{"record_source", "backup_collected_services", "restore_backup_to_reprovisioned_services",
                                                  "analyze_restored_services", "verify_rehearsal", "verify_restored_services"};

struct Collected {
  std::vector<Seconds> took;
  std::int64_t bytes = 0;
};

}  // namespace

std::vector<MeasuredOperation> measure(const std::vector<PlannedTarget>& planned, const std::vector<TargetRecord>& targets) {
  std::vector<std::string> order;
  std::map<std::string, Collected> collected;
  for (std::size_t i = 0; i < targets.size() && i < planned.size(); ++i) {
    const auto databases = std::max<std::int64_t>(1, static_cast<std::int64_t>(planned[i].target.instances.size()));
    for (const StepPlan& step : planned[i].steps) {
      if (!collected.contains(step.operation)) order.push_back(step.operation);
      Collected& of_operation = collected[step.operation];
      const auto done = targets[i].steps.find(step.path);
      if (done == targets[i].steps.end() || done->second.status != StepStatus::succeeded || !done->second.started || !done->second.ended) continue;
      of_operation.took.emplace_back(*done->second.ended - *done->second.started);
      of_operation.bytes += planned[i].bytes / databases;
    }
  }
  std::vector<MeasuredOperation> measured;
  for (const std::string& operation : order) {
    Collected& of_operation = collected[operation];
    if (of_operation.took.empty()) continue;
    std::sort(of_operation.took.begin(), of_operation.took.end());
    const std::size_t middle = of_operation.took.size() / 2;
    MeasuredOperation result;
    result.operation = operation;
    result.steps = static_cast<int>(of_operation.took.size());
    result.median = of_operation.took.size() % 2 ? of_operation.took[middle] : (of_operation.took[middle - 1] + of_operation.took[middle]) / 2;
    result.longest = of_operation.took.back();
    for (const Seconds took : of_operation.took) result.sum += took;
    result.bytes = of_operation.bytes;
    measured.push_back(std::move(result));
  }
  return measured;
}

Table table_of_measures(const std::vector<MeasuredOperation>& measured) {
  Table table({{"measured", Align::left, true}, {"databases", Align::right}, {"median", Align::right}, {"longest", Align::right}, {"per second", Align::right}});
  for (const MeasuredOperation& each : measured) {
    const bool moves_bytes = kReadOrWriteRows.contains(each.operation) && each.sum.count() > 0 && each.median.count() >= 0.1;
    const auto speed = moves_bytes ? static_cast<std::int64_t>(static_cast<double>(each.bytes) / each.sum.count()) : 0;
    table.add({shown(each.operation), std::to_string(each.steps), format_duration(each.median), format_duration(each.longest),
               moves_bytes ? format_bytes({speed}) : "-"});
  }
  return table;
}

json measures_json(const std::vector<MeasuredOperation>& measured) {
  json result = json::array();
  for (const MeasuredOperation& each : measured)
    result.push_back({{"operation", each.operation}, {"databases", each.steps}, {"seconds_median", each.median.count()},
                      {"seconds_longest", each.longest.count()}, {"seconds", each.sum.count()}, {"bytes", each.bytes}});
  return result;
}

}  // namespace pgconvoy::report
