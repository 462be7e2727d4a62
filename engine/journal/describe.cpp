#include "engine/journal/describe.hpp"

#include <fmt/format.h>

namespace pgconvoy {
namespace {

json time_or_null(const std::optional<WallTime>& time) { return time ? json(format_utc(*time)) : json(); }

json describe(const StepRecord& step) {
  return {{"path", step.path},
          {"status", to_string(step.status)},
          {"attempt", step.attempt},
          {"epoch", step.epoch},
          {"first_started", step.first_started},
          {"intent", step.intent},
          {"outcome", step.outcome},
          {"error", step.error},
          {"started", time_or_null(step.started)},
          {"ended", time_or_null(step.ended)}};
}

std::string shortened(const json& value) {
  auto text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  if (text.size() > 80) text = text.substr(0, 77) + "...";
  return text;
}

json at_or_null(const json& document, const json::json_pointer& path) {
  return document.contains(path) ? document.at(path) : json();
}

}  // namespace

json describe(const RunRecord& run) {
  return {{"id", run.id},
          {"name", run.name},
          {"state", to_string(run.state)},
          {"intent", to_string(run.intent)},
          {"runbook", run.runbook},
          {"runbook_digest", run.runbook_digest},
          {"created", format_utc(run.created)},
          {"started", time_or_null(run.started)},
          {"ended", time_or_null(run.ended)}};
}

json describe(const TargetRecord& target) {
  json steps = json::object();
  for (const auto& [path, step] : target.steps) steps[path] = describe(step);
  return {{"run", target.run},
          {"number", target.number},
          {"id", target.id},
          {"region", target.region},
          {"state", to_string(target.state)},
          {"epoch", target.epoch},
          {"pivoted", target.pivoted},
          {"reason", target.reason},
          {"started", time_or_null(target.started)},
          {"ended", time_or_null(target.ended)},
          {"paused_at", time_or_null(target.paused_at)},
          {"resumed_at", time_or_null(target.resumed_at)},
          {"steps", steps}};
}

json describe(const Obligation& obligation) { return obligation; }

json describe(const BackupRecord& backup) {
  return {{"run", backup.run},           {"target", backup.target}, {"target_id", backup.target_id},
          {"instance", backup.instance}, {"server", backup.server}, {"database", backup.database},
          {"file", backup.file},         {"sha256", backup.sha256}, {"format", backup.format},
          {"created", backup.created},   {"state", backup.state},   {"bytes", backup.bytes},
          {"details", backup.details}};
}

std::vector<std::string> differing_fields(const json& by_events, const json& by_projection) {
  std::vector<std::string> lines;
  for (const json& change : json::diff(by_events, by_projection)) {
    const json::json_pointer path(change.at("path").get<std::string>());
    lines.push_back(fmt::format("{}: its events say {}, its projection says {}", path.to_string(),
                                shortened(at_or_null(by_events, path)), shortened(at_or_null(by_projection, path))));
  }
  return lines;
}

}  // namespace pgconvoy
