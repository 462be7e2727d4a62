// What each event means for a run, an obligation and a backup.
#include <fmt/format.h>

#include "engine/journal/fold.hpp"

namespace pgconvoy {
namespace {

std::string plan(RunRecord& run, const Event& event) {
  if (run.id != 0) return "the run was planned already";
  if (event.run < 1) return "a run's id starts at 1";
  const json& runbook = event.data.at("runbook");
  run.id = event.run;
  run.name = fmt::format("r{}", event.run);
  run.runbook = runbook.is_string() ? runbook.get<std::string>() : runbook.at("name").get<std::string>();
  run.runbook_digest = event.data.at("runbook_digest").get<std::string>();
  run.created = event.at;
  run.plan = event.data;
  return {};
}

std::string end(RunRecord& run, const Event& event) {
  const auto name = event.data.at("state").get<std::string>();
  const auto state = run_state_from_string(name);
  if (name != to_string(state) || state == RunState::planned || state == RunState::running)
    return fmt::format("a run does not end as \"{}\"", name);
  const bool planned = run.state == RunState::planned && state == RunState::cancelled;
  if (run.state != RunState::running && !planned)
    return fmt::format("a run that is {} can't end as {}", to_string(run.state), name);
  run.state = state;
  run.ended = event.at;
  return {};
}

std::string intend(RunRecord& run, const Event& event) {
  const auto name = event.data.at("intent").get<std::string>();
  const auto intent = run_intent_from_string(name);
  if (name != to_string(intent)) return fmt::format("\"{}\" is not an intent: none, pause, cancel", name);
  run.intent = intent;
  return {};
}

// What is said of a run under way, and by it: nothing of it changes the run's own state.
std::string check_word(const Event& event) {
  const json& data = event.data;
  switch (event.kind) {
    case EventKind::run_waits:
      return data.at("waits").is_array() ? "" : "waits is a list";
    case EventKind::wave_opened:
    case EventKind::wave_ended:
    case EventKind::wave_approved:
      return data.at("wave").get<int>() >= 1 ? "" : "waves are numbered from 1";
    case EventKind::limits_set:
      return data.at("changes").is_object() ? "" : "changes are names with their values";
    case EventKind::target_asked:
      if (data.at("target").get<int>() < 1) return "a target's number starts at 1";
      return data.at("what") == "skip" || data.at("what") == "retry" ? "" : "a target is asked to be skipped or retried";
    case EventKind::owner_notice:
      if (data.at("target").get<int>() < 1) return "a target's number starts at 1";
      return data.at("when") == "before" || data.at("when") == "after" ? "" : "an owner is told before or after";
    default:
      return data.at("target").get<int>() >= 1 ? "" : "a target's number starts at 1";
  }
}

std::string apply_to_run(RunRecord& run, const Event& event) {
  if (event.target != 0) return "the event is about a target, not about the run";
  if (event.kind == EventKind::run_planned) return plan(run, event);
  if (run.id == 0) return "the run was never planned";
  if (event.run != run.id) return "the event is about another run";
  switch (event.kind) {
    case EventKind::run_started:
      run.state = RunState::running;
      if (!run.started) run.started = event.at;
      run.ended.reset();
      return {};
    case EventKind::run_intent:
      return intend(run, event);
    case EventKind::run_ended:
      return end(run, event);
    case EventKind::run_waits:
    case EventKind::wave_opened:
    case EventKind::wave_ended:
    case EventKind::wave_approved:
    case EventKind::limits_set:
    case EventKind::target_asked:
    case EventKind::app_unhealthy:
    case EventKind::owner_notice:
    case EventKind::pause_over_budget:
      return check_word(event);
    case EventKind::override_given:
    case EventKind::obligation_made:
    case EventKind::obligation_done:
    case EventKind::obligation_cancelled:
    case EventKind::note:
      return {};
    default:
      return "the event is about a target, and names none";
  }
}

std::string apply_to_obligation(std::optional<Obligation>& known, const Event& event) {
  const auto id = obligation_id(event);
  if (id.empty()) return "the event names no obligation";
  if (event.kind == EventKind::obligation_made) {
    // A step that is done again after its undo failed makes it anew.
    known = event.data.get<Obligation>();
    known->state = "open";
    return {};
  }
  if (!known) return fmt::format("there is no obligation \"{}\"", id);
  // What a person confirmed may be undone all the same: there is nothing left to cancel then.
  if (known->state != "open" && event.kind == EventKind::obligation_cancelled) return {};
  if (known->state != "open") return fmt::format("the obligation \"{}\" is {} already", id, known->state);
  known->state = event.kind == EventKind::obligation_done ? "done" : "cancelled";
  return {};
}

}  // namespace

namespace {

// What isn't a field of the record and says something.
json details_of_backup(const json& made) {
  json details = json::object();
  for (const auto& [key, value] : made.items()) {
    const bool nothing = value.is_null() || value == "" || value == false || value == 0;
    const bool known = key == "instance" || key == "server" || key == "database" || key == "file" || key == "sha256" ||
                       key == "format" || key == "bytes";
    if (!nothing && !known) details[key] = value;
  }
  return details;
}

}  // namespace

std::string apply(RunRecord& run, const Event& event) {
  try {
    return apply_to_run(run, event);
  } catch (const json::exception& problem) {
    return fmt::format("the event's data are not as specified: {}", problem.what());
  }
}

bool is_about_obligation(EventKind kind) {
  return kind == EventKind::obligation_made || kind == EventKind::obligation_done ||
         kind == EventKind::obligation_cancelled;
}

std::string obligation_id(const Event& event) {
  const auto found = event.data.find("id");
  return found != event.data.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string apply(std::optional<Obligation>& known, const Event& event) {
  try {
    return apply_to_obligation(known, event);
  } catch (const json::exception& problem) {
    return fmt::format("the event's data are not as specified: {}", problem.what());
  }
}

std::optional<BackupRecord> backup_made(const Event& event) {
  if (event.kind != EventKind::step_succeeded) return std::nullopt;
  const auto outcome = event.data.find("outcome");
  if (outcome == event.data.end() || !outcome->is_object()) return std::nullopt;
  const auto made = outcome->find("backup");
  if (made == outcome->end() || !made->is_object()) return std::nullopt;
  const auto text = [&](const char* key) {
    const auto found = made->find(key);
    return found != made->end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  BackupRecord backup;
  backup.run = event.run;
  backup.target = event.target;
  backup.instance = text("instance");
  backup.server = text("server");
  backup.database = text("database");
  backup.file = text("file");
  backup.sha256 = text("sha256");
  backup.format = text("format");
  backup.created = format_utc(event.at);
  backup.state = "kept";
  if (const auto bytes = made->find("bytes"); bytes != made->end() && bytes->is_number())
    backup.bytes = bytes->get<std::int64_t>();
  backup.details = details_of_backup(*made);
  return backup;
}

std::optional<std::string> backup_file_deleted(const Obligation& obligation, const Event& event) {
  if (event.kind != EventKind::obligation_done || obligation.kind != "delete_backup") return std::nullopt;
  const auto file = obligation.data.find("file");
  if (file == obligation.data.end() || !file->is_string()) return std::nullopt;
  return file->get<std::string>();
}

}  // namespace pgconvoy
