#include <algorithm>

#include "engine/report/causes.hpp"
#include "engine/report/check_report.hpp"
#include "engine/report/check_totals.hpp"

namespace pgconvoy::report {
namespace {

json totals_json(const CheckView& view) {
  const CheckTotals totals = check_totals(view.plan);
  return {{"targets", view.plan.targets.size()}, {"ready", totals.warned + totals.clean}, {"with_warnings", totals.warned},
          {"blocked", totals.blocked},           {"not_offered", view.not_offered},         {"accepted", totals.accepted}};
}

std::vector<const PlannedTarget*> sorted_targets(const Plan& plan) {
  std::vector<const PlannedTarget*> targets;
  for (const PlannedTarget& planned : plan.targets) targets.push_back(&planned);
  std::sort(targets.begin(), targets.end(),
            [](const PlannedTarget* left, const PlannedTarget* right) { return left->target.id < right->target.id; });
  return targets;
}

json causes_json(const Plan& plan) {
  json list = json::array();
  for (const Cause& cause : causes_of(plan, true)) {
    json targets = json::array();
    for (const CauseMember& member : cause.members)
      if (targets.empty() || targets.back() != member.target->target.id) targets.push_back(member.target->target.id);
    list.push_back({{"severity", to_string(cause.severity)},
                    {"condition", cause.condition},
                    {"cause", cause.cause},
                    {"why", cause.members.front().finding->why},
                    {"findings", cause.members.size()},
                    {"targets", std::move(targets)}});
  }
  return list;
}

const char* sarif_level(Severity severity) {
  return severity == Severity::block ? "error" : severity == Severity::warn ? "warning" : "note";
}

}  // namespace

json check_json(const CheckView& view) {
  json document{{"version", 1}, {"kind", "check"}, {"runbook", view.plan.runbook.name}};
  document["totals"] = totals_json(view);
  document["causes"] = causes_json(view.plan);
  document["targets"] = json::array();
  for (const PlannedTarget* planned : sorted_targets(view.plan)) {
    json target{{"id", planned->target.id}, {"region", planned->target.region}, {"blocked", planned->blocked()}};
    target["findings"] = planned->findings;
    document["targets"].push_back(std::move(target));
  }
  return document;
}

std::vector<json> check_records(const CheckView& view) {
  std::vector<json> records;
  for (const PlannedTarget* planned : sorted_targets(view.plan))
    for (const Finding& finding : planned->findings) {
      json record = finding;
      record["version"] = 1;
      record["kind"] = "finding";
      record["target"] = planned->target.id;
      record["region"] = planned->target.region;
      records.push_back(std::move(record));
    }
  json last = totals_json(view);
  last["version"] = 1;
  last["kind"] = "check";
  last["runbook"] = view.plan.runbook.name;
  records.push_back(std::move(last));
  return records;
}

json check_sarif(const CheckView& view, const std::vector<const Condition*>& conditions, const std::string& fleet_file,
                 const std::string& version) {
  json rules = json::array();
  for (const Condition* condition : conditions) {
    const ConditionPage page = condition->page();
    json rule{{"id", condition->name()}, {"shortDescription", {{"text", condition->summary()}}}};
    if (!page.why.empty()) rule["fullDescription"] = {{"text", page.why}};
    if (!page.remedies.empty()) rule["help"] = {{"text", page.remedies}};
    rules.push_back(std::move(rule));
  }
  json results = json::array();
  for (const PlannedTarget* planned : sorted_targets(view.plan))
    for (const Finding& finding : planned->findings) {
      const std::string where = planned->target.region + "/" + planned->target.id + "/" + finding.object;
      json location{{"logicalLocations", {{{"name", planned->target.id}, {"fullyQualifiedName", where}, {"kind", "resource"}}}}};
      if (!fleet_file.empty()) location["physicalLocation"] = {{"artifactLocation", {{"uri", fleet_file}}}};
      json result{{"ruleId", finding.condition},
                  {"level", sarif_level(finding.severity)},
                  {"message", {{"text", planned->target.id + ": " + finding.object + ": " + finding.evidence + ". " + finding.why +
                                            ". Remedy: " + finding.remedy}}},
                  {"locations", json::array({std::move(location)})},
                  // The same finding of the next night has the same one: evidence may change, what it is about doesn't.
                  {"partialFingerprints", {{"pgconvoy/v1", finding.condition + "|" + planned->target.id + "|" + finding.object}}}};
      if (finding.accepted) result["suppressions"] = json::array({{{"kind", "external"}}});
      results.push_back(std::move(result));
    }
  return {{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
          {"version", "2.1.0"},
          {"runs", json::array({{{"tool", {{"driver", {{"name", "pgconvoy"}, {"version", version}, {"rules", std::move(rules)}}}}},
                                 {"results", std::move(results)}}})}};
}

}  // namespace pgconvoy::report
