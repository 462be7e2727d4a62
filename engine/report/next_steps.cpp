#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "engine/report/run_report.hpp"
#include "engine/report/text.hpp"

namespace pgconvoy::report {

std::string shell_argument(const std::string& text) {
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || std::string_view("@%+=:,./_-").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (plain) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

bool is_failure(const TargetSummary& target) {
  return target.state != TargetState::succeeded && target.state != TargetState::pending && !target.asked_back && !target.cancelled && !target.under_way;
}

std::string result_of(const TargetSummary& target) {
  if (target.rehearsal && target.state == TargetState::succeeded) return "rehearsed";
  if (target.rehearsal && target.state == TargetState::rolled_back && !target.asked_back) return "would have failed";
  switch (target.state) {
    case TargetState::rolled_back:
      return "rolled back";
    case TargetState::rolling_back:
    case TargetState::running:
      return target.under_way ? "under way" : "interrupted";
    case TargetState::pending:
      return "not started";
    case TargetState::skipped:
      return target.cancelled ? "cancelled" : "skipped";
    default:
      return to_string(target.state);
  }
}

namespace {

// Nothing was paused or moved, whatever became of it.
std::string state_of_rehearsed(const TargetSummary& target) {
  switch (target.state) {
    case TargetState::succeeded:
      return "rehearsed: restored and verified, and removed again; its application and its database were not touched";
    case TargetState::rolled_back:
      return "the move would have failed so; its application and its database were not touched, and what the rehearsal made is gone";
    case TargetState::skipped:
      return "not rehearsed, nothing was made";
    case TargetState::stuck:
      return "what the rehearsal made is still there, in part or whole; its application and its database were not touched";
    default:
      return fmt::format("interrupted{}; its application and its database were not touched", target.step.empty() ? "" : " in " + shown(target.step));
  }
}

std::string state_in_place(const TargetSummary& target) {
  const std::string page = !target.controlled ? "" : target.is_paused ? "; the maintenance page is on" : "; the maintenance page is off";
  switch (target.state) {
    case TargetState::succeeded:
      return "done; its database stayed where it is";
    case TargetState::rolled_back:
      return target.paused && target.controlled ? fmt::format("undone: the application runs again, after a pause of {}", format_duration(*target.paused)) : "undone";
    case TargetState::stuck:
      return "stuck" + page;
    case TargetState::skipped:
      return "untouched";
    default:
      return fmt::format("interrupted{}{}", target.step.empty() ? "" : " in " + shown(target.step), page);
  }
}

// Without a word about pages and pauses: there were none.
std::string state_of_uncontrolled(const TargetSummary& target, const std::string& live) {
  switch (target.state) {
    case TargetState::succeeded:
      return "moved: its application reaches it when the new address is set";
    case TargetState::rolled_back:
      return "undone: the old database is open again under its own name";
    case TargetState::stuck:
      return "stuck; pgconvoy doesn't control its application" + live;
    case TargetState::skipped:
      return "untouched";
    default:
      return fmt::format("interrupted{}; pgconvoy doesn't control its application", target.step.empty() ? "" : " in " + shown(target.step));
  }
}

}  // namespace

std::string state_now(const TargetSummary& target) {
  const std::string live = target.live_database.empty() ? "" : fmt::format("; the live database is {}", shown(target.live_database));
  if (target.rehearsal && target.state != TargetState::pending) return state_of_rehearsed(target);
  if (target.in_place && target.state != TargetState::pending) return state_in_place(target);
  if (!target.controlled && target.state != TargetState::pending) return state_of_uncontrolled(target, live);
  switch (target.state) {
    case TargetState::succeeded:
      return "moved: the application runs on the new database";
    case TargetState::skipped:
      return "untouched: it was never paused";
    case TargetState::rolled_back:
      return target.paused ? fmt::format("undone: the application is back on the old database, after a pause of {}",
                                         format_duration(*target.paused))
                           : "undone before the application was paused; nothing of it is left";
    case TargetState::stuck:
      return (target.is_paused ? "stuck, and paused: the maintenance page is on" : "stuck; the maintenance page is off") + live;
    case TargetState::pending:
      return "not started";
    default:
      return fmt::format("interrupted{}; {}", target.step.empty() ? "" : " in " + shown(target.step),
                         target.is_paused ? "paused: the maintenance page is on" : "not paused");
  }
}

std::vector<std::string> commands_for(const TargetSummary& target, const ReportView& view) {
  const std::string which = fmt::format("{} {}{}", view.summary.name, shell_argument(target.id), view.journal_option);
  std::vector<std::string> commands;
  switch (target.state) {
    case TargetState::stuck:
      for (const std::string& way : target.ways_out) commands.push_back(shown(way) + view.journal_option);
      if (commands.empty()) commands = {"pgconvoy retry " + which, "pgconvoy rollback " + which};
      break;
    case TargetState::rolled_back:
    case TargetState::skipped:
      commands.push_back("pgconvoy retry " + which);
      break;
    case TargetState::running:
    case TargetState::rolling_back:
      commands.push_back(fmt::format("pgconvoy resume {}{}", view.summary.name, view.journal_option));
      break;
    default:
      return {};
  }
  commands.push_back("pgconvoy logs " + which);
  return commands;
}

std::vector<std::string> commands_for_run(const ReportView& view) {
  const RunSummary& summary = view.summary;
  std::vector<std::string> commands;
  if (summary.totals.left > 0)
    commands.push_back(fmt::format("pgconvoy {} {}{}", summary.started.empty() ? "run --plan" : "resume", summary.name,
                                   view.journal_option));
  // By the totals: of a large run those that ended are counted only, and those that are stuck are held.
  const auto stuck = std::count_if(summary.targets.begin(), summary.targets.end(), [](const TargetSummary& target) { return target.state == TargetState::stuck; });
  const auto retried = summary.totals.failed - stuck + summary.totals.skipped - summary.totals.cancelled;
  if (retried > 1) commands.push_back(fmt::format("pgconvoy retry {}{}", summary.name, view.journal_option));
  std::set<std::string> named;
  for (const HandOver& hand_over : summary.hand_overs)
    if (!hand_over.confirmed && named.insert(hand_over.target).second) commands.push_back(resolve_command(hand_over, view));
  const bool waiting = std::any_of(summary.kept.begin(), summary.kept.end(),
                                   [](const KeptDatabase& kept) { return kept.state == "open"; });
  if (waiting) commands.push_back("pgconvoy cleanup --dry-run" + view.journal_option);
  return commands;
}

std::string resolve_command(const HandOver& hand_over, const ReportView& view) {
  return fmt::format("pgconvoy resolve {} {}{} --as done --reason \"bound to the new database\"", view.summary.name,
                     shell_argument(hand_over.target), view.journal_option);
}

std::string resolve_all_command(const ReportView& view) {
  return fmt::format("pgconvoy resolve {} --all{} --as done --reason \"bound to the new databases\"", view.summary.name, view.journal_option);
}

}  // namespace pgconvoy::report
