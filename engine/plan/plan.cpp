#include "engine/plan/plan.hpp"

#include <algorithm>

namespace pgconvoy {

void to_json(json& target, const StepPlan& step) {
  target = {{"path", step.path},           {"operation", step.operation}, {"subject", step.subject},
            {"arguments", step.arguments}, {"seconds", step.seconds},     {"while_paused", step.while_paused}};
  if (step.seconds_p90 > 0) target["seconds_p90"] = step.seconds_p90;
  if (!step.work.empty()) target["work"] = step.work;
}

void from_json(const json& source, StepPlan& step) {
  step.path = source.at("path").get<std::string>();
  step.operation = source.at("operation").get<std::string>();
  step.subject = source.value("subject", "");
  step.arguments = source.value("arguments", json::object());
  step.seconds = source.value("seconds", 0.0);
  step.while_paused = source.value("while_paused", false);
  step.seconds_p90 = source.value("seconds_p90", 0.0);
  step.work = source.value("work", std::map<std::string, double>());
}

void to_json(json& target, const Placement& placement) {
  target = {{"source_server", placement.source_server}, {"target_server", placement.target_server}};
  if (!placement.because.empty()) target["because"] = placement.because;
}

void from_json(const json& source, Placement& placement) {
  placement.source_server = source.at("source_server").get<std::string>();
  placement.target_server = source.at("target_server").get<std::string>();
  placement.because = source.value("because", "");
}

void to_json(json& target, const PlannedTarget& planned) {
  target = {{"number", planned.number}, {"target", planned.target},     {"placements", planned.placements},
            {"steps", planned.steps},   {"findings", planned.findings}, {"facts_digest", planned.facts_digest},
            {"bytes", planned.bytes},   {"seconds", planned.seconds},   {"paused_seconds", planned.paused_seconds}};
  if (planned.seconds_p90 > 0) {
    target["seconds_p90"] = planned.seconds_p90;
    target["paused_p90"] = planned.paused_p90;
    target["spread"] = planned.spread;
    target["shared_spread"] = planned.shared_spread;
    target["beside"] = planned.beside;
  }
  if (!planned.after.empty()) target["after"] = planned.after;
  if (!planned.early_because.empty()) target["early_because"] = planned.early_because;
  if (planned.way != PlannedTarget().way) target["way"] = planned.way;
  if (!planned.way_because.empty()) target["way_because"] = planned.way_because;
  if (!planned.verification.empty()) target["verification"] = planned.verification;
  if (!planned.verification_because.empty()) target["verification_because"] = planned.verification_because;
}

void from_json(const json& source, PlannedTarget& planned) {
  planned.number = source.at("number").get<int>();
  planned.target = source.at("target").get<Target>();
  planned.placements = source.at("placements").get<std::map<std::string, Placement>>();
  planned.steps = source.at("steps").get<std::vector<StepPlan>>();
  planned.findings = source.value("findings", json::array()).get<std::vector<Finding>>();
  planned.facts_digest = source.value("facts_digest", "");
  planned.bytes = source.value("bytes", std::int64_t{0});
  planned.seconds = source.value("seconds", 0.0);
  planned.paused_seconds = source.value("paused_seconds", 0.0);
  planned.seconds_p90 = source.value("seconds_p90", 0.0);
  planned.paused_p90 = source.value("paused_p90", 0.0);
  planned.spread = source.value("spread", 0.0);
  planned.shared_spread = source.value("shared_spread", 0.0);
  planned.beside = source.value("beside", 1.0);
  planned.after = source.value("after", std::vector<int>());
  planned.early_because = source.value("early_because", "");
  planned.way = source.value("way", PlannedTarget().way);
  planned.way_because = source.value("way_because", "");
  planned.verification = source.value("verification", "");
  planned.verification_because = source.value("verification_because", "");
}

namespace {

template <class Value>
void add(json& target, const char* key, const std::optional<Value>& value) {
  if (value) target[key] = *value;
}

template <class Value>
void read(const json& source, const char* key, std::optional<Value>& value) {
  if (const auto found = source.find(key); found != source.end()) value = found->get<Value>();
}

}  // namespace

// What an earlier version didn't know is left out as long as it is as usual: plans of such runs stay what they were.
void to_json(json& target, const RunOptions& options) {
  target = {{"concurrency", options.concurrency},   {"concurrency_per_region", options.concurrency_per_region},
            {"max_failures", options.max_failures}, {"seed", options.seed},
            {"on_failure", options.on_failure},     {"backup_directory", options.backup_directory},
            {"overrides", options.overrides}};
  if (!options.backup_note.empty()) target["backup_note"] = options.backup_note;
  add(target, "backup_retention", options.backup_retention);
  add(target, "concurrency_per_source", options.concurrency_per_source);
  add(target, "concurrency_per_target", options.concurrency_per_target);
  add(target, "max_paused", options.max_paused);
  add(target, "bytes_in_flight", options.bytes_in_flight);
  add(target, "min_free_disk", options.min_free_disk);
  const RunOptions usual;
  const auto unless_usual = [&](const char* key, const auto& value, const auto& as_usual) {
    if (value != as_usual) target[key] = value;
  };
  unless_usual("regions_own_limits", options.regions_own_limits, usual.regions_own_limits);
  unless_usual("max_failures_per_wave", options.max_failures_per_wave, usual.max_failures_per_wave);
  unless_usual("max_failures_per_region", options.max_failures_per_region, usual.max_failures_per_region);
  unless_usual("waves", options.waves, usual.waves);
  unless_usual("soak", options.soak, usual.soak);
  unless_usual("approve", options.approve, usual.approve);
  unless_usual("canaries", options.canaries, usual.canaries);
  unless_usual("test_first", options.test_first, usual.test_first);
  unless_usual("notices", options.notices, usual.notices);
  unless_usual("windows", options.windows, usual.windows);
  unless_usual("wait_for_windows", options.wait_for_windows, usual.wait_for_windows);
  add(target, "batch", options.batch);
  unless_usual("throttle_when", options.throttle_when, usual.throttle_when);
  unless_usual("way", options.way, usual.way);
}

void from_json(const json& source, RunOptions& options) {
  const RunOptions usual;
  options.concurrency = source.value("concurrency", usual.concurrency);
  options.concurrency_per_region = source.value("concurrency_per_region", usual.concurrency_per_region);
  options.max_failures = source.value("max_failures", usual.max_failures);
  options.seed = source.value("seed", usual.seed);
  options.on_failure = source.value("on_failure", usual.on_failure);
  options.way = source.value("way", usual.way);
  options.backup_directory = source.value("backup_directory", usual.backup_directory);
  options.overrides = source.value("overrides", usual.overrides);
  options.backup_note = source.value("backup_note", "");
  read(source, "backup_retention", options.backup_retention);
  read(source, "concurrency_per_source", options.concurrency_per_source);
  read(source, "concurrency_per_target", options.concurrency_per_target);
  read(source, "max_paused", options.max_paused);
  read(source, "bytes_in_flight", options.bytes_in_flight);
  read(source, "min_free_disk", options.min_free_disk);
  options.regions_own_limits = source.value("regions_own_limits", usual.regions_own_limits);
  options.max_failures_per_wave = source.value("max_failures_per_wave", "");
  options.max_failures_per_region = source.value("max_failures_per_region", "");
  options.waves = source.value("waves", "");
  options.windows = source.value("windows", "");
  options.wait_for_windows = source.value("wait_for_windows", usual.wait_for_windows);
  read(source, "batch", options.batch);
  options.soak = source.value("soak", usual.soak);
  options.approve = source.value("approve", usual.approve);
  options.canaries = source.value("canaries", usual.canaries);
  options.test_first = source.value("test_first", usual.test_first);
  options.notices = source.value("notices", usual.notices);
  options.throttle_when = source.value("throttle_when", "");
}

void to_json(json& target, const Requirements& requirements) {
  target = {{"source_service", requirements.source_service},
            {"source_state", requirements.source_state},
            {"target_service", requirements.target_service}};
  if (!requirements.source_server.empty()) target["source_server"] = requirements.source_server;
}

void from_json(const json& source, Requirements& requirements) {
  requirements.source_service = source.value("source_service", "");
  requirements.source_state = source.value("source_state", "");
  requirements.target_service = source.value("target_service", "");
  requirements.source_server = source.value("source_server", "");
}

json plan_header(const Plan& plan) {
  json header = {{"fleet", plan.fleet},
                 {"runbook", plan.runbook},
                 {"runbook_digest", plan.runbook_digest},
                 {"fleet_digest", plan.fleet_digest},
                 {"options", plan.options},
                 {"requirements", plan.requirements}};
  if (!plan.fleet_file.empty()) header["fleet_file"] = plan.fleet_file;
  if (!plan.continues.empty()) header["continues"] = plan.continues;
  if (plan.contention > 0) header["contention"] = plan.contention;
  if (!plan.forecast.is_null()) header["forecast"] = plan.forecast;
  return header;
}

Plan plan_from_header(const json& header) {
  Plan plan;
  plan.fleet = header.at("fleet").get<Fleet>();
  plan.runbook = header.at("runbook").get<Runbook>();
  plan.runbook_digest = header.at("runbook_digest").get<std::string>();
  plan.fleet_digest = header.at("fleet_digest").get<std::string>();
  plan.options = header.at("options").get<RunOptions>();
  plan.requirements = header.at("requirements").get<Requirements>();
  plan.fleet_file = header.value("fleet_file", "");
  plan.continues = header.value("continues", "");
  plan.contention = header.value("contention", 0.0);
  plan.forecast = header.value("forecast", json());
  return plan;
}

bool PlannedTarget::blocked() const {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& finding) { return finding.severity == Severity::block; });
}

}  // namespace pgconvoy
