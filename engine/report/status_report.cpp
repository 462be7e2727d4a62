#include "engine/report/status_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "engine/report/forecast_report.hpp"
#include "engine/report/rollout_report.hpp"
#include "engine/report/run_report_parts.hpp"

namespace pgconvoy::report {
namespace {

bool in_flight(const TargetSummary& target) {
  return target.state == TargetState::running || target.state == TargetState::rolling_back;
}

std::string human_time(std::string state) {
  std::replace(state.begin(), state.end(), '_', ' ');
  return state;
}

// What the run is in fact: the journal says "running" also after its process was killed.
std::string state_of(const RunSummary& summary, bool alive) {
  if (summary.state == "running" && alive && summary.intent != "none")
    return summary.intent == "pause" ? "running, told to pause: nothing new starts" : "running, told to cancel: nothing new starts";
  if (summary.state != "running" || alive) return human_time(summary.state);
  return "interrupted (no process is at work on it)";
}

std::string stuck_text(const TargetSummary& target, const ReportView& view, const Style& style) {
  std::string text = style.bad(fmt::format("{} is stuck", shown(target.id))) + "\n";
  const auto line = [&](const std::string& label, const std::string& value) {
    const std::size_t limit = view.width == 0 ? 100000 : view.width;
    text += fmt::format("  {}{}\n", style.dim(padded(label, 10)), wrapped(value, limit, 12));
  };
  if (!target.first_error.message.empty()) {
    line("because", shown(target.first_error.message));
    if (!target.first_step.empty()) line("at step", shown(target.first_step));
    line("then", "its undo failed: " + shown(target.reason));
  } else {
    line("because", shown(target.reason));
  }
  if (!target.step.empty()) line("at step", shown(target.step));
  line("page", !target.controlled ? "none: pgconvoy doesn't control the application" : target.is_paused ? fmt::format("on, for {}", format_duration(*target.paused)) : "off");
  if (!target.live_database.empty()) line("live", shown(target.live_database));
  for (const FencedDatabase& fenced : target.fenced)
    line("fence", fmt::format("\"{}\" on {} is called {} while it is fenced: clients of the old URL get 'database \"{}\" does "
                              "not exist' from PostgreSQL. That is the fence, not a loss",
                              shown(fenced.database), shown(fenced.server), shown(fenced.fenced_name), shown(fenced.database)));
  bool first = true;
  for (const std::string& command : commands_for(target, view)) {
    text += fmt::format("  {}{}\n", style.dim(padded(first ? "ways out" : "", 10)), command);
    first = false;
  }
  return text;
}

// Why somebody who wasn't told of the move is refused; of stuck targets it was said with them.
std::string fence_text(const RunSummary& summary) {
  std::vector<const FencedDatabase*> all;
  for (const TargetSummary& target : summary.targets)
    if (target.state != TargetState::stuck && target.state != TargetState::rolled_back)
      for (const FencedDatabase& fenced : target.fenced) all.push_back(&fenced);
  if (all.empty()) return "";
  const FencedDatabase& first = *all.front();
  if (all.size() == 1)
    return fmt::format("fenced: clients of the old URL get 'database \"{}\" does not exist': it is called {} on {} now\n", shown(first.database),
                       shown(first.fenced_name), shown(first.server));
  return fmt::format("fenced: clients of the old URLs of {} databases get 'database \"{}\" does not exist', each with its own name\n", all.size(),
                     shown(first.database));
}

// What is left, foretold; what was seen so far is counted in.
std::string rest_text(const RunSummary& summary, const Style& style) {
  if (summary.pace) return pace_in_words(*summary.pace) + "\n";
  if (!summary.rest) return "";
  const RestForecast& rest = *summary.rest;
  std::string text;
  for (const auto& [region, own] : rest.rest.regions)
    if (own.targets > 0 && rest.rest.regions.size() > 1) text += fmt::format("  {}: about {} to go\n", shown(region), within_words(own.seconds.p50, own.seconds.p90));
  const std::string all = fmt::format("about {} to go for {}{}", within_words(rest.rest.seconds.p50, rest.rest.seconds.p90), count(rest.rest.targets, "target"),
                                      rest.rest.approvals ? ", an answer to each wave within a quarter of an hour counted in" : "");
  text = all + (rest.pace.targets > 0 ? fmt::format("; {} so far: {:.2f} of what was foretold\n", count(rest.pace.targets, "target"), std::exp(rest.pace.shift)) : "\n") + text;
  for (const std::string& warning : summary.window_warnings) text += style.warn(shown(warning)) + "\n";
  return text;
}

}  // namespace

std::string status_text(const ReportView& view, bool alive, const Style& style) {
  const RunSummary& summary = view.summary;
  std::string text = fmt::format("{}  {}{}\n\n", style.bold(fmt::format("{} {}: {}", summary.rehearsal ? "rehearsal" : "run", summary.name, state_of(summary, alive))),
                                 shown(summary.runbook),
                                 summary.started.empty() ? "" : ", started " + day_and_time(summary.started));
  Table lanes({{"region"}, {"succeeded", Align::right}, {"failed", Align::right}, {"undone", Align::right},
               {"skipped", Align::right}, {"in flight", Align::right}, {"left", Align::right}});
  for (const auto& [region, lane] : summary.regions)
    lanes.add({shown(region), Cell(std::to_string(lane.succeeded), lane.succeeded ? Tone::good : Tone::plain),
               Cell(std::to_string(lane.failed), lane.failed ? Tone::bad : Tone::plain),
               std::to_string(lane.undone), Cell(std::to_string(lane.skipped), lane.skipped ? Tone::warn : Tone::plain), std::to_string(lane.in_flight),
               std::to_string(lane.left)});
  text += lanes.text(style, view.width);

  for (const std::string& line : lines_of_rollout(view)) text += line + "\n";
  text += rest_text(summary, style);

  Table flying({{"in flight", Align::left, true}, {"step"}, {"paused for", Align::right}, {"since", Align::right}});
  for (const TargetSummary& target : summary.targets)
    if (in_flight(target))
      flying.add({shown(target.id), target.waits_for_pause ? "prepared, waits for its pause" : (target.state == TargetState::rolling_back ? "undo " : "") + shown(operation_of(target.step)),
                  Cell(target.is_paused ? format_duration(*target.paused) : "-", target.is_paused ? Tone::warn : Tone::plain),
                  target.total ? format_duration(*target.total) : "-"});
  if (!flying.empty()) text += "\n" + flying.text(style, view.width);

  for (const TargetSummary& target : summary.targets)
    if (target.state == TargetState::stuck) text += "\n" + stuck_text(target, view, style);
  if (view.verbose) text += "\n" + table_of_targets(summary).text(style, view.width);

  text += "\n";
  for (const std::string& line : lines_of_totals(summary)) text += line + "\n";
  text += fence_text(summary);
  const auto waiting = std::count_if(summary.hand_overs.begin(), summary.hand_overs.end(),
                                     [](const HandOver& hand_over) { return !hand_over.confirmed; });
  if (waiting > 0)
    text += style.warn(fmt::format("{} for you to set the new address: pgconvoy report {}{}\n",
                                   waiting == 1 ? "1 application waits" : fmt::format("{} applications wait", waiting),
                                   summary.name, view.journal_option));
  const RunTotals& totals = summary.totals;  // of a large run those that ended are counted only
  const bool failed = totals.failed + totals.skipped > totals.cancelled || std::any_of(summary.targets.begin(), summary.targets.end(), is_failure);
  if (failed && !alive)
    text += fmt::format("{} pgconvoy report {}{}\n", style.bold("next:"), summary.name, view.journal_option);
  if (!alive) {
    // Of many hand-overs each has its command in the report that is named above.
    int resolves = 0;
    for (const std::string& command : commands_for_run(view))
      if (!command.starts_with("pgconvoy resolve ") || resolves++ == 0) text += fmt::format("{} {}\n", style.bold("next:"), command);
    if (resolves > 1) text += fmt::format("      and the same for {} more, see the report; when all are set: {}\n", resolves - 1, resolve_all_command(view));
  }
  return text;
}

json status_json(const ReportView& view, bool alive) {
  json document = report_json(view);
  document["kind"] = "status";
  document["run"]["alive"] = alive;
  document["rollout"] = rollout_json(view.summary.rollout);
  document["brief"] = view.summary.brief;
  document["regions"] = json::object();
  for (const auto& [region, lane] : view.summary.regions)
    document["regions"][region] = {{"succeeded", lane.succeeded}, {"failed", lane.failed}, {"undone", lane.undone}, {"skipped", lane.skipped},
                                   {"in_flight", lane.in_flight}, {"left", lane.left}};
  return document;
}

std::string runs_text(const std::vector<RunRecord>& runs, const std::map<std::int64_t, int>& undone, std::size_t width,
                      const Style& style) {
  Table table({{"run"}, {"state"}, {"runbook", Align::left, true}, {"created"}, {"targets", Align::right},
               {"succeeded", Align::right}, {"failed", Align::right}, {"undone", Align::right}});
  for (const RunRecord& run : runs) {
    int all = 0;
    const auto asked = undone.find(run.id);
    const int asked_back = asked == undone.end() ? 0 : asked->second;
    const auto of = [&](TargetState state) {
      const auto found = run.counts.find(state);
      return found == run.counts.end() ? 0 : found->second;
    };
    for (const auto& [state, number] : run.counts) all += number;
    table.add({run.name, human_time(to_string(run.state)), shown(run.runbook), day_and_time(format_utc(run.created)),
               std::to_string(all), std::to_string(of(TargetState::succeeded)),
               std::to_string(of(TargetState::rolled_back) + of(TargetState::stuck) - asked_back), std::to_string(asked_back)});
  }
  return table.text(style, width);
}

json runs_json(const std::vector<RunRecord>& runs, const std::map<std::int64_t, int>& undone) {
  json document{{"version", 1}, {"kind", "runs"}};
  document["runs"] = json::array();
  for (const RunRecord& run : runs) {
    json counts = json::object();
    for (const auto& [state, number] : run.counts) counts[to_string(state)] = number;
    document["runs"].push_back({{"id", run.name}, {"state", to_string(run.state)}, {"runbook", run.runbook},
                                {"created", format_utc(run.created)}, {"targets", std::move(counts)},
                                {"undone", undone.contains(run.id) ? undone.at(run.id) : 0}});
  }
  return document;
}

}  // namespace pgconvoy::report
