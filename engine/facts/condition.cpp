#include "engine/facts/condition.hpp"

#include <array>
#include <stdexcept>
#include <utility>

namespace pgconvoy {
namespace {

constexpr std::array<std::pair<Severity, const char*>, 4> kSeverityNames{{
    {Severity::ok, "ok"},
    {Severity::info, "info"},
    {Severity::warn, "warn"},
    {Severity::block, "block"},
}};

}  // namespace

const char* to_string(Severity severity) {
  for (const auto& [value, name] : kSeverityNames)
    if (value == severity) return name;
  return "block";
}

// What can't be read is taken for the worst: an unknown severity must not let a target through.
Severity severity_from_string(const std::string& wanted) {
  for (const auto& [value, name] : kSeverityNames)
    if (wanted == name) return value;
  return Severity::block;
}

void to_json(json& target, const Finding& finding) {
  target = json{{"severity", to_string(finding.severity)},
                {"condition", finding.condition},
                {"object", finding.object},
                {"evidence", finding.evidence},
                {"why", finding.why},
                {"remedy", finding.remedy},
                {"mendable", finding.mendable}};
  if (!finding.cause.empty()) target["cause"] = finding.cause;
  if (finding.accepted) target["accepted"] = true;
}

void from_json(const json& source, Finding& finding) {
  finding.severity = severity_from_string(source.at("severity").get<std::string>());
  finding.condition = source.at("condition").get<std::string>();
  finding.object = source.value("object", "");
  finding.evidence = source.value("evidence", "");
  finding.why = source.value("why", "");
  finding.remedy = source.value("remedy", "");
  finding.mendable = source.value("mendable", false);
  finding.cause = source.value("cause", "");
  finding.accepted = source.value("accepted", false);
}

void ConditionRegistry::add(std::unique_ptr<Condition> condition) {
  const std::string name = condition->name();
  if (!conditions_.emplace(name, std::move(condition)).second)
    throw std::logic_error("two conditions are named " + name);
}

const Condition* ConditionRegistry::find(const std::string& name) const {
  auto found = conditions_.find(name);
  return found == conditions_.end() ? nullptr : found->second.get();
}

std::vector<const Condition*> ConditionRegistry::all() const {
  std::vector<const Condition*> all;
  for (const auto& [name, condition] : conditions_) all.push_back(condition.get());
  return all;
}

}  // namespace pgconvoy
