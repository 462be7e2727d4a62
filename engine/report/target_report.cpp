#include "engine/report/target_report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/journal/left_out.hpp"
#include "engine/postgres/session.hpp"
#include "engine/report/table.hpp"
#include "engine/run/live_database.hpp"

namespace pgconvoy::report {
namespace {

bool is_undecided(StepStatus status) {
  return status == StepStatus::started || status == StepStatus::failed || status == StepStatus::unknown ||
         status == StepStatus::undo_started || status == StepStatus::undo_failed;
}

std::string state_in_words(const StepDetail& step) {
  static const std::map<std::string, std::string> words{
      {"started", "started"}, {"succeeded", "done"}, {"failed", "failed"},
      {"unknown", "unknown"}, {"undo_started", "being undone"}, {"undone", "undone"}, {"undo_failed", "undo failed"},
      {"left_out", "left out"}};
  const auto found = words.find(step.state);
  if (found == words.end()) return step.attempts > 0 ? "found absent" : "to do";
  return found->second;
}

Tone tone_of_step(const StepDetail& step) {
  if (step.state == "succeeded") return Tone::good;
  if (step.state == "none" || step.state == "undone") return Tone::dim;
  if (step.state == "failed" || step.state == "undo_failed" || step.state == "unknown") return Tone::bad;
  return Tone::warn;
}

std::string known_of(const StepRecord& step, const StepHistory& history, bool alive) {
  std::string text;
  switch (step.status) {
    case StepStatus::started:
      text = alive ? "under way" : "its intent is journaled, its outcome isn't: it may have happened, in part or not at all";
      break;
    case StepStatus::failed:
      text = "it failed; what it may have left has not been taken back";
      break;
    case StepStatus::undo_started:
      text = alive ? "being undone" : "its undo began, and has no outcome";
      break;
    case StepStatus::undo_failed:
      text = "its undo failed; what it made may be there, whole or in part";
      break;
    default:
      text = "it can't be decided whether it happened";
  }
  if (!history.verdict.empty())
    text += fmt::format(". Looked at {}: {}{}{}", day_and_time(history.probed), history.verdict, history.detail.empty() ? "" : ", ", shown(history.detail));
  else if (!alive)
    text += ". Nobody has looked at it yet: resume, retry and rollback look before they act";
  return text;
}

// What the undo of a fence would do, where somebody is in its way. Harmless where part of it is done: in this order each
// line can be given again.
std::vector<std::string> lifts_fence(const StepRecord& step) {
  const json& intent = step.intent;
  if (operation_of(step.path) != "fence_source" || !intent.is_object()) return {};
  const std::string name = quote_identifier(intent.value("name", "")), owner = intent.value("owner", "");
  std::vector<std::string> sql{fmt::format("ALTER DATABASE {} RENAME TO {}", quote_identifier(intent.value("fenced_name", "")), name)};
  if (!owner.empty()) {
    sql.push_back(fmt::format("ALTER DATABASE {} OWNER TO {}", name, quote_identifier(owner)));
    sql.push_back(fmt::format("ALTER DATABASE {} CONNECTION LIMIT {}", name, intent.value("connection_limit", -1)));
  }
  sql.push_back(fmt::format("ALTER DATABASE {} ALLOW_CONNECTIONS {}", name, intent.value("allowed_connections", true)));
  return sql;
}

Error error_of_step(const json& stored) {
  Error error(ErrorKind::internal, "");
  if (!stored.is_object()) return error;
  error.kind = error_kind_from_string(stored.value("kind", "internal"));
  error.message = stored.value("message", "");
  error.server = stored.value("server", "");
  error.sqlstate = stored.value("sqlstate", "");
  error.remedy = stored.value("remedy", "");
  return error;
}

StepDetail step_detail(const StepPlan& planned, const TargetRecord& target, const TargetHistory& history, bool alive) {
  StepDetail detail;
  detail.path = planned.path;
  detail.operation = planned.operation;
  detail.subject = planned.subject;
  detail.state = to_string(StepStatus::none);
  const auto found = target.steps.find(planned.path);
  if (found == target.steps.end()) return detail;
  const StepRecord& step = found->second;
  detail.state = left_out(step) ? "left_out" : to_string(step.status);
  detail.attempts = step.attempt;
  if (step.started) detail.started = format_utc(*step.started);
  if (step.ended) detail.ended = format_utc(*step.ended);
  detail.error = error_of_step(step.error);
  if (const auto known = history.find(planned.path); known != history.end()) detail.history = known->second;
  detail.is_open = is_undecided(step.status);
  if (detail.is_open) detail.known = known_of(step, detail.history, alive);
  if (detail.is_open && !alive) detail.by_hand = lifts_fence(step);
  return detail;
}

std::string page_of(const TargetSummary& target) {
  if (!target.controlled) return "none: pgconvoy doesn't control the application";
  return target.is_paused ? fmt::format("on, for {}", format_duration(*target.paused)) : "off";
}

// What a client of the old address gets, as the fence is now.
std::vector<std::string> clients_of_old_url(const TargetRecord& record, const TargetSummary& summary) {
  std::vector<std::string> lines;
  for (const auto& [path, step] : record.steps) {
    if (operation_of(path) != "fence_source" || step.status == StepStatus::none || step.status == StepStatus::undone || !step.intent.is_object()) continue;
    const std::string name = shown(step.intent.value("name", "")), server = shown(step.intent.value("server", ""));
    const std::string fenced = shown(step.intent.value("fenced_name", ""));
    if (summary.dropped_source)
      lines.push_back(fmt::format("database \"{}\" does not exist: \"{}\" on {} was dropped after the move", name, name, server));
    else if (step.status == StepStatus::succeeded)
      lines.push_back(fmt::format("database \"{}\" does not exist: it is fenced, as \"{}\" on {}. Nothing of it is lost", name, fenced, server));
    else
      lines.push_back(fmt::format("database \"{}\" is not currently accepting connections, or does not exist: its fence on {} is not whole "
                                  "(it is called \"{}\" or \"{}\"). Nothing of it is lost", name, server, name, fenced));
  }
  if (lines.empty()) lines.emplace_back("the old database, as before");
  return lines;
}

std::vector<std::string> ways_on(const TargetDetail& detail, const ReportView& view, bool alive) {
  const TargetSummary& target = detail.summary;
  const std::string which = fmt::format("{} {}{}", view.summary.name, shell_argument(target.id), view.journal_option);
  if (alive && (target.state == TargetState::running || target.state == TargetState::rolling_back || target.state == TargetState::pending))
    return {"pgconvoy logs " + which};
  std::vector<std::string> commands = commands_for(target, view);
  if (target.state == TargetState::succeeded && !target.dropped_source && !target.rehearsal) commands.push_back("back:    pgconvoy rollback " + which);
  if (target.state == TargetState::pending) commands = commands_for_run(view);
  const bool can_be_resolved = target.state == TargetState::stuck || target.state == TargetState::running || target.state == TargetState::rolling_back;
  for (const StepDetail& step : detail.steps)
    if (step.is_open && can_be_resolved)
      commands.push_back(fmt::format("pgconvoy resolve {} {} --step {} --as done|absent|skip --reason TEXT{}", view.summary.name,
                                     shell_argument(target.id), shell_argument(step.path), view.journal_option));
  return commands;
}

json step_json(const StepDetail& step) {
  json error = nullptr;
  if (!step.error.message.empty())
    error = {{"kind", to_string(step.error.kind)}, {"message", step.error.message}, {"server", step.error.server},
             {"sqlstate", step.error.sqlstate}, {"remedy", step.error.remedy}};
  json result{{"path", step.path},       {"operation", step.operation}, {"subject", step.subject}, {"state", step.state},
              {"is_open", step.is_open}, {"attempts", step.attempts},   {"started", step.started}, {"ended", step.ended},
              {"error", error},          {"known", step.known},         {"by_hand", step.by_hand}};
  result["probe"] = nullptr;
  if (!step.history.verdict.empty())
    result["probe"] = {{"verdict", step.history.verdict}, {"detail", step.history.detail}, {"at", step.history.probed}};
  result["resolved"] = nullptr;
  if (!step.history.as.empty())
    result["resolved"] = {{"as", step.history.as}, {"reason", step.history.reason}, {"by", step.history.by}};
  return result;
}

}  // namespace

Result<TargetHistory> read_history(Journal& journal, std::int64_t run, int target) {
  TargetHistory history;
  TRY_VOID(journal.target_events(run, target, 0, [&](const Event& event) {
    if (event.kind == EventKind::step_started) history.erase(event.step);
    if (event.kind == EventKind::step_probed) {
      StepHistory& step = history[event.step];
      step.verdict = event.data.value("verdict", "");
      step.detail = event.data.value("detail", "");
      step.probed = format_utc(event.at);
    }
    if (event.kind == EventKind::target_resolved) {
      StepHistory& step = history[event.data.value("step", event.step)];
      step.as = event.data.value("as", "");
      step.reason = event.data.value("reason", "");
      step.by = event.data.value("by", "");
    }
    return true;
  }));
  return history;
}

TargetDetail target_detail(const SummaryInput& input, const ReportView& view, int target, const TargetHistory& history, bool alive) {
  TargetDetail detail;
  for (const TargetSummary& known : view.summary.targets)
    if (known.number == target) detail.summary = known;
  const auto record = std::find_if(input.targets.begin(), input.targets.end(), [&](const TargetRecord& known) { return known.number == target; });
  if (record == input.targets.end()) return detail;
  detail.pivoted = record->pivoted;
  detail.page = page_of(detail.summary);
  detail.live = detail.summary.in_place         ? "the one there is: nothing is moved"
                : detail.summary.dropped_source ? "the new one (the old one was dropped)"
                                                : live_database(*record);
  detail.old_url = clients_of_old_url(*record, detail.summary);
  const PlannedTarget& planned = input.planned.at(static_cast<std::size_t>(record - input.targets.begin()));
  for (const StepPlan& step : planned.steps) detail.steps.push_back(step_detail(step, *record, history, alive));
  detail.commands = ways_on(detail, view, alive);
  return detail;
}

std::string target_text(const TargetDetail& detail, const ReportView& view, bool alive, const Style& style) {
  const TargetSummary& target = detail.summary;
  const std::size_t limit = view.width == 0 ? 100000 : view.width;
  std::string text;
  const auto line = [&](const std::string& label, const std::string& value) {
    text += fmt::format("  {}{}\n", style.dim(padded(label, 10)), wrapped(value, limit, 12));
  };
  std::string moves;
  for (const std::string& move : target.moves) moves += (moves.empty() ? "" : ", ") + shown(move);
  const bool under_way = target.state == TargetState::running || target.state == TargetState::rolling_back;
  const std::string state = under_way && alive ? (target.state == TargetState::running ? "under way" : "being undone") : result_of(target);
  text += fmt::format("{}  {}\n", style.bold(fmt::format("{} of {}: {}", shown(target.id), view.summary.name, state)), moves);
  if (!target.first_error.message.empty()) {
    line("because", shown(target.first_error.message));
    if (!target.first_step.empty()) line("at step", shown(target.first_step));
    line("then", "its undo failed: " + shown(target.reason));
  } else if (!target.reason.empty()) {
    line("because", shown(target.reason));
  }
  if (!target.step.empty()) line(under_way ? "in step" : "at step", shown(target.step));
  line("page", detail.page);
  line("live", shown(detail.live) + (detail.pivoted ? "; the application was started on the new database" : ""));
  for (const std::string& seen : detail.old_url) line("old URL", seen);

  Table table({{"step", Align::left, true}, {"state"}, {"tries", Align::right}, {"since"}});
  for (const StepDetail& step : detail.steps)
    table.add({shown(step.path), Cell(state_in_words(step), tone_of_step(step)), step.attempts ? std::to_string(step.attempts) : "-",
               step.started.empty() ? "-" : day_and_time(step.started)});
  text += "\n" + table.text(style, view.width);

  for (const StepDetail& step : detail.steps) {
    if (!step.is_open && step.history.as.empty()) continue;
    text += "\n" + style.bold(shown(step.path)) + "\n";
    if (!step.error.message.empty()) line("error", shown(step.error.message));
    if (!step.known.empty()) line("known", step.known);
    for (const std::string& sql : step.by_hand) line(&sql == &step.by_hand.front() ? "to lift it" : "", shown(sql) + ";");
    if (!step.history.as.empty())
      line("resolved", fmt::format("as {}{}: {}", shown(step.history.as), step.history.by.empty() ? "" : " by " + shown(step.history.by), shown(step.history.reason)));
  }
  if (!detail.commands.empty()) text += "\n";
  for (const std::string& command : detail.commands) text += fmt::format("{} {}\n", style.bold("next:"), command);
  return text;
}

json target_status_json(const TargetDetail& detail, const ReportView& view, bool alive) {
  json document = report_json(view);
  json result{{"version", 1}, {"kind", "target_status"}};
  result["run"] = document["run"];
  result["run"]["alive"] = alive;
  for (json& known : document["targets"])
    if (known["number"] == detail.summary.number) result["target"] = std::move(known);
  result["target"]["live_database"] = detail.live;
  result["target"]["pivoted"] = detail.pivoted;
  result["target"]["page"] = detail.page;
  result["target"]["old_url"] = detail.old_url;
  result["target"]["commands"] = detail.commands;
  result["steps"] = json::array();
  for (const StepDetail& step : detail.steps) result["steps"].push_back(step_json(step));
  return result;
}

}  // namespace pgconvoy::report
