#include "engine/report/event_text.hpp"

#include <fmt/format.h>

#include "engine/core/printable.hpp"
#include "engine/report/run_summary.hpp"
#include "engine/report/text.hpp"

namespace pgconvoy::report {
namespace {

std::string text_of(const json& data, const char* key) {
  if (!data.is_object() || !data.contains(key)) return {};
  const json& value = data[key];
  return shown(value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', false, json::error_handler_t::replace));
}

std::string error_of(const json& data) {
  if (!data.is_object() || !data.contains("error") || !data["error"].is_object()) return {};
  std::string text = text_of(data["error"], "message");
  const std::string server = text_of(data["error"], "server"), state = text_of(data["error"], "sqlstate");
  if (!server.empty()) text += fmt::format(" (server {})", server);
  if (!state.empty()) text += fmt::format(" [SQLSTATE {}]", state);
  return text;
}

std::string seconds_of(const json& data) {
  if (!data.is_object() || !data.contains("seconds") || !data["seconds"].is_number()) return {};
  return format_duration(Seconds(data["seconds"].get<double>()));
}

std::string step_name(const Event& event) {
  const std::string subject = subject_of(event.step);
  return shown(operation_of(event.step)) + (subject.empty() ? "" : "@" + shown(subject));
}

std::string detail(const char* label, const json& data, const char* key, const Style& style) {
  const std::string text = text_of(data, key);
  return text.empty() || text == "{}" || text == "null" ? "" : style.dim(fmt::format("  {} {}", label, shortened(text, 400)));
}

std::string join(const std::string& first, const std::string& second) {
  return second.empty() ? first : first + ": " + second;
}

std::string said_by(const json& data) {
  const std::string by = text_of(data, "by"), reason = text_of(data, "reason");
  return (by.empty() ? "" : fmt::format(" (by {})", by)) + (reason.empty() ? "" : ": " + reason);
}

// What the run's own events of waves and words say; "" for others.
std::string run_line(const Event& event, const Style& style) {
  const json& data = event.data;
  switch (event.kind) {
    case EventKind::run_waits: {
      std::string text;
      if (data.contains("waits"))
        for (const json& wait : data["waits"]) text += fmt::format("{}{} ({})", text.empty() ? "" : "; ", text_of(wait, "text"), text_of(wait, "targets"));
      return text.empty() ? "nothing is waited for any more" : "waits: " + text;
    }
    case EventKind::wave_opened:
      return fmt::format("wave {} begins, targets {} to {}", text_of(data, "wave"), text_of(data, "first"), text_of(data, "last"));
    case EventKind::wave_ended:
      return fmt::format("wave {} is over: {} succeeded, {} failed, {} skipped", text_of(data, "wave"), text_of(data, "succeeded"),
                         text_of(data, "failed"), text_of(data, "skipped"));
    case EventKind::wave_approved:
      return fmt::format("wave {} is approved{}", text_of(data, "wave"), said_by(data));
    case EventKind::limits_set: {
      std::string text;
      if (data.contains("changes"))
        for (const auto& [name, value] : data["changes"].items())
          text += fmt::format(" {}={}", shown(name), value.is_string() ? shown(value.get<std::string>()) : value.dump());
      return "set" + text + said_by(data);
    }
    case EventKind::target_asked:
      return fmt::format("target {} is to be {}{}", text_of(data, "target"), data.value("what", "") == "skip" ? "skipped" : "retried", said_by(data));
    case EventKind::owner_notice:
      return fmt::format("the owners of target {} ({}) are told: {} {}", text_of(data, "target"), text_of(data, "environments"),
                         data.value("when", "") == "before" ? "it may begin from" : "it was moved at", day_and_time(text_of(data, "at")));
    case EventKind::pause_over_budget:
      return fmt::format("target {} ({}): {} of {}", text_of(data, "target"), text_of(data, "environments"), style.bad("paused for longer than its budget"),
                         format_duration(Seconds(data.contains("budget") && data["budget"].is_number() ? data["budget"].get<double>() : 0)));
    case EventKind::app_unhealthy:
      return fmt::format("{} of target {}: {}: {}", text_of(data, "environment"), text_of(data, "target"), style.bad("not healthy"), text_of(data, "detail"));
    default:
      return {};
  }
}

std::string target_line(const Event& event, const Style& style) {
  switch (event.kind) {
    case EventKind::target_claimed:
      return fmt::format("started (epoch {}, process {})", event.epoch, text_of(event.data, "pid"));
    case EventKind::target_rolling_back:
      return join(style.bad("rolling back"), error_of(event.data));
    case EventKind::target_rolled_back:
      return style.bad("rolled back");
    case EventKind::target_succeeded:
      return style.good("succeeded");
    case EventKind::target_skipped:
      return join(style.warn("skipped"), text_of(event.data, "reason"));
    case EventKind::target_stuck:
      return join(style.bad("stuck"), text_of(event.data, "reason"));
    case EventKind::target_resolved:
      return fmt::format("{}{} as {}: {}", text_of(event.data, "step"), text_of(event.data, "step").empty() ? "resolved" : " resolved",
                         text_of(event.data, "as"), text_of(event.data, "reason")) +
             (text_of(event.data, "by").empty() ? "" : fmt::format(" (by {})", text_of(event.data, "by")));
    case EventKind::pivot:
      return style.bold("pivot") + ": the application starts on the new database";
    case EventKind::facts_gathered:
      return fmt::format("facts read, {}", count(event.data.contains("findings") ? event.data["findings"].size() : 0, "finding"));
    default:
      return {};
  }
}

}  // namespace

std::string event_line(const Event& event, const Style& style, bool verbose) {
  if (std::string line = target_line(event, style); !line.empty()) return line;
  if (std::string line = run_line(event, style); !line.empty()) return line;
  const std::string step = step_name(event);
  switch (event.kind) {
    case EventKind::step_started:
      return fmt::format("{}: started{}{}", step, event.attempt > 1 ? fmt::format(" (attempt {})", event.attempt) : "",
                         verbose ? detail("intent", event.data, "intent", style) : "");
    case EventKind::step_succeeded:
      return fmt::format("{}: done in {}{}", step, seconds_of(event.data),
                         verbose ? detail("outcome", event.data, "outcome", style) : "");
    case EventKind::step_failed:
      return fmt::format("{}: {}: {}", step, style.bad("failed"), error_of(event.data));
    case EventKind::step_probed:
      return join(fmt::format("{}: probed, {}", step, text_of(event.data, "verdict")), text_of(event.data, "detail"));
    case EventKind::undo_started:
      return fmt::format("{}: being undone", step);
    case EventKind::step_undone:
      return join(fmt::format("{}: undone", step), text_of(event.data, "detail"));
    case EventKind::undo_failed:
      return fmt::format("{}: {}: {}", step, style.bad("undo failed"), error_of(event.data));
    case EventKind::run_planned:
      return "planned";
    case EventKind::target_planned:
      return "planned";
    case EventKind::run_started:
      return fmt::format("run started (process {})", text_of(event.data, "pid"));
    case EventKind::run_intent:
      return fmt::format("intent {}", text_of(event.data, "intent"));
    case EventKind::run_ended:
      return join(fmt::format("run ended, {}", text_of(event.data, "state")), text_of(event.data, "reason"));
    case EventKind::override_given:
      return style.warn(fmt::format("overridden: {}: {}", text_of(event.data, "condition"), text_of(event.data, "reason")));
    case EventKind::obligation_made:
      return fmt::format("to be done later: {}, due {}", text_of(event.data, "id"), day_and_time(text_of(event.data, "due")));
    case EventKind::obligation_done:
      return join(fmt::format("done: {}", text_of(event.data, "id")), text_of(event.data, "detail"));
    case EventKind::obligation_cancelled:
      return join(fmt::format("not to be done any more: {}", text_of(event.data, "id")), text_of(event.data, "reason"));
    default:
      return step.empty() ? text_of(event.data, "text") : join(step, text_of(event.data, "text"));
  }
}

json event_json(const Event& event, const std::string& target_id) {
  return {{"version", 1},
          {"kind", to_string(event.kind)},
          {"sequence", event.sequence},
          {"run", fmt::format("r{}", event.run)},
          {"target", event.target},
          {"target_id", target_id},
          {"step", event.step},
          {"attempt", event.attempt},
          {"epoch", event.epoch},
          {"at", format_utc(event.at)},
          {"data", event.data}};
}

json progress_json(std::int64_t run, int target, const std::string& target_id, const std::string& step,
                   std::int64_t bytes, std::int64_t total_bytes, const std::string& text, WallTime now) {
  return {{"version", 1},
          {"kind", "progress"},
          {"run", fmt::format("r{}", run)},
          {"target", target},
          {"target_id", target_id},
          {"step", step},
          {"at", format_utc(now)},
          {"data", {{"bytes", bytes}, {"total_bytes", total_bytes}, {"text", text}}}};
}

}  // namespace pgconvoy::report
