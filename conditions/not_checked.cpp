#include "conditions/not_checked.hpp"

#include <fmt/format.h>

#include <map>

namespace pgconvoy {

Parameter time_budget_parameter(std::string_view what) {
  return {"time_budget", Parameter::Type::duration, "30s", fmt::format("How long {} of one database may be read; 0 reads none", what)};
}

void report_not_checked(std::string_view condition, const Move& move, std::string_view what, const std::vector<NotChecked>& items,
                        std::vector<Finding>& findings) {
  std::map<std::string, std::vector<std::string>> objects;
  std::map<std::string, bool> for_time;
  for (const NotChecked& item : items) {
    objects[item.because].push_back(shown_name(item.object));
    for_time[item.because] |= item.for_time;
  }
  for (const auto& [because, names] : objects) {
    Finding finding;
    finding.severity = for_time[because] ? Severity::warn : Severity::info;
    finding.condition = condition;
    finding.object = move.object();
    finding.evidence = fmt::format("{} {} not checked, {}: {}", names.size(), what, shown_name(because), shortened(names));
    finding.why = "what was not looked at may still stop the restore";
    finding.remedy = for_time[because] ? fmt::format("give {} a longer time_budget in the runbook, or check while the server is less busy", condition)
                                       : "mend what is said there, then check again; or look at them by hand";
    finding.cause = fmt::format("{} not checked", what);
    findings.push_back(std::move(finding));
  }
}

}  // namespace pgconvoy
