#include "engine/report/run_report_parts.hpp"

#include <fmt/format.h>

#include <map>
#include <set>

#include "engine/core/bytes.hpp"
#include "engine/core/printable.hpp"
#include "engine/postgres/session.hpp"

namespace pgconvoy::report {
namespace {

Tone tone_of(const TargetSummary& target) {
  switch (target.state) {
    case TargetState::succeeded:
      return Tone::good;
    case TargetState::rolled_back:
    case TargetState::stuck:
      return target.asked_back ? Tone::warn : Tone::bad;
    case TargetState::pending:
      return Tone::dim;
    default:
      return Tone::warn;
  }
}

bool is_under_way(const TargetSummary& target) {
  return target.state == TargetState::running || target.state == TargetState::rolling_back;
}

std::string duration_or_dash(const std::optional<Seconds>& duration) {
  return duration ? format_duration(*duration) : "-";
}

void append_error(std::vector<std::string>& lines, const Error& error) {
  std::string text = shown(error.message);
  if (!error.server.empty()) text += fmt::format(" (server {})", shown(error.server));
  if (!error.sqlstate.empty()) text += fmt::format(" [SQLSTATE {}]", shown(error.sqlstate));
  lines.push_back(std::move(text));
  if (!error.remedy.empty()) lines.push_back("-> " + shown(error.remedy));
}

// The reason already says what the error says, in most cases. What it began with comes first.
std::vector<std::string> what_failed(const TargetSummary& target) {
  std::vector<std::string> lines;
  const bool has_first = !target.first_error.message.empty();
  if (has_first) {
    if (!target.first_step.empty()) lines.push_back("step " + shown(target.first_step));
    append_error(lines, target.first_error);
  }
  if (!target.step.empty()) lines.push_back((has_first ? "then, undoing step " : "step ") + shown(target.step));
  if (is_under_way(target)) {
    if (!target.reason.empty()) lines.push_back(shown(target.reason));
    if (!target.let_go)
      lines.push_back("no outcome is known: the process that was at work on it was ended (killed, perhaps), or is at it still");
  } else if (!target.error.message.empty()) {
    append_error(lines, target.error);
  } else if (target.findings.empty() && !target.reason.empty()) {
    lines.push_back(shown(target.reason));
  }
  for (const Finding& finding : target.findings) {
    lines.push_back(fmt::format("{}: {}: {}", shown(finding.condition), shown(finding.object), shown(finding.evidence)));
    if (!finding.remedy.empty()) lines.push_back("-> " + shown(finding.remedy));
  }
  for (const FencedDatabase& fenced : target.fenced)
    if (target.state != TargetState::rolled_back)
      lines.push_back(fmt::format("clients of the old URL get \"database \"{}\" does not exist\": it is fenced as {} on {}",
                                  shown(fenced.database), shown(fenced.fenced_name), shown(fenced.server)));
  return lines;
}

}  // namespace

Table table_of_targets(const RunSummary& summary) {
  Table table({{"target", Align::left, true},
               {"size", Align::right},
               {"paused for", Align::right},
               {"total", Align::right},
               {"rows", Align::right},
               {"bytes", Align::right},
               {"result"}});
  for (const TargetSummary& target : summary.targets)
    table.add({shown(target.id), format_bytes({target.bytes}),
               Cell(duration_or_dash(target.paused) + (target.is_paused ? "+" : ""), target.is_paused ? Tone::warn : Tone::plain),
               duration_or_dash(target.total), target.verified ? with_separators(target.verified_rows) : "-",
               target.verified ? format_bytes({target.verified_bytes}) : "-", Cell(result_of(target), tone_of(target))});
  return table;
}

std::vector<std::string> lines_of_totals(const RunSummary& summary) {
  const RunTotals& totals = summary.totals;
  std::string first = fmt::format("{}: {} {}", count(totals.targets, "target"), totals.succeeded, summary.rehearsal ? "rehearsed" : "succeeded");
  if (totals.failed) first += fmt::format(", {} {}", totals.failed, summary.rehearsal ? "would have failed" : "failed");
  if (totals.undone) first += fmt::format(", {} rolled back as asked", totals.undone);
  if (totals.skipped > totals.cancelled) first += fmt::format(", {} skipped", totals.skipped - totals.cancelled);
  if (totals.cancelled) first += fmt::format(", {} cancelled before they began", totals.cancelled);
  if (totals.left) first += fmt::format(", {} left", totals.left);
  if (!totals.failed && !totals.undone && !totals.skipped && !totals.left) first += ", none failed";
  std::vector<std::string> lines{first};
  if (totals.succeeded > 0 && summary.in_place && !summary.brief) {
    lines.push_back(fmt::format("{} of databases, where they are{}", format_bytes({totals.bytes}), totals.time ? ", in " + format_duration(*totals.time) : ""));
  } else if (totals.succeeded > 0 && !summary.brief) {
    std::string moved = fmt::format("{} {}, {} verified ({})", format_bytes({totals.bytes}), summary.rehearsal ? "restored and removed again" : "moved",
                                    count(totals.verified_rows, "row"), format_bytes({totals.verified_bytes}));
    if (totals.time) moved += fmt::format(", in {}", format_duration(*totals.time));
    lines.push_back(std::move(moved));
  }
  if (totals.paused_median)
    lines.push_back(fmt::format("paused for {} (median), {} (longest)", format_duration(*totals.paused_median),
                                format_duration(*totals.paused_longest)));
  std::map<std::string, std::int64_t> modes;
  for (const TargetSummary& target : summary.targets)
    if (target.state == TargetState::succeeded && !target.verification.empty() && target.verification != "before") ++modes[target.verification];
  for (const auto& [mode, targets] : modes)
    lines.push_back(fmt::format("verified in mode {}: {}, {}", mode, count(targets, "target"),
                                mode == "counts" ? "whose rows were only counted" : "whose contents were compared after the pivot unless it is said otherwise"));
  // Those of which every row was compared need no words.
  for (const TargetSummary& target : summary.targets)
    if (!target.verification_outcome.empty() && target.verification_is_partial) lines.push_back(fmt::format("{}: {}", shown(target.id), shown(target.verification_outcome)));
  for (const TargetSummary& target : summary.targets)
    for (const auto& [step, why] : target.left_out)
      lines.push_back(fmt::format("left out by hand: {} of {}: {}", shown(step), shown(target.id), shown(why)));
  return lines;
}

std::vector<FailureLines> failures_of(const ReportView& view) {
  std::vector<FailureLines> failures;
  for (const TargetSummary& target : view.summary.targets) {
    if (!is_failure(target)) continue;
    FailureLines lines;
    std::string moves;
    for (const std::string& move : target.moves) moves += (moves.empty() ? "" : ", ") + shown(move);
    lines.title = moves.empty() ? shown(target.id) : fmt::format("{} ({})", shown(target.id), moves);
    lines.what = what_failed(target);
    lines.state = state_now(target);
    lines.commands = commands_for(target, view);
    // Of the run as a whole, and said once, at the end.
    std::erase_if(lines.commands, [](const std::string& command) { return command.starts_with("pgconvoy resume "); });
    failures.push_back(std::move(lines));
  }
  return failures;
}

std::vector<std::string> lines_of_debts(const RunSummary& summary) {
  std::vector<std::string> lines;
  for (const TargetSummary& target : summary.targets)
    for (const Md5Debt& debt : target.md5_debts)
      lines.push_back(fmt::format("role {} on {} ({}) logs in with md5. Once all its clients speak SCRAM, in psql there: SET password_encryption = "
                                  "'scram-sha-256'; then \\password {}",
                                  shown(debt.role), shown(debt.server), shown(target.id), shown(quote_identifier(debt.role))));
  return lines;
}

std::vector<std::string> lines_of_kept(const ReportView& view) {
  std::vector<std::string> lines;
  std::map<std::string, int> by_due;
  std::set<std::string> unconfirmed;
  for (const HandOver& hand_over : view.summary.hand_overs)
    if (!hand_over.confirmed) unconfirmed.insert(hand_over.obligation);
  int waiting = 0;
  for (const KeptDatabase& kept : view.summary.kept) {
    if (kept.state != "open") continue;
    ++by_due[day_and_time(kept.due)];
    waiting += unconfirmed.count(kept.waits_for) > 0;
    if (view.verbose)
      lines.push_back(fmt::format("{} on {} is kept as {} until {}", shown(kept.database), shown(kept.server),
                                  shown(kept.fenced_name), day_and_time(kept.due)));
  }
  if (!by_due.empty()) {
    int number = 0;
    for (const auto& [due, many] : by_due) number += many;
    const std::string until = by_due.size() == 1 ? by_due.begin()->first
                                                 : fmt::format("{} to {}", by_due.begin()->first, by_due.rbegin()->first);
    lines.push_back(fmt::format("{} kept, fenced, until {}{}; then pgconvoy cleanup{} drops {}",
                                number == 1 ? "1 old database is" : fmt::format("{} old databases are", with_separators(number)),
                                until, waiting == 0      ? ""
                                : waiting == number ? fmt::format(", and until {} confirmed", number == 1 ? "it is" : "they are")
                                                    : fmt::format(" ({} of them until confirmed)", waiting),
                                view.journal_option, number == 1 ? "it" : "them"));
  }
  for (const auto& [obligation, target] : view.summary.unaccepted)
    lines.push_back(fmt::format("the old database of {0} is kept until somebody accepts that its contents were never compared: pgconvoy accept {1} {2}{3} --reason TEXT",
                                shown(target), shown(view.summary.name), shell_argument(target), view.journal_option));
  if (!view.summary.backups.empty()) {
    std::int64_t bytes = 0;
    for (const BackupRecord& backup : view.summary.backups) bytes += backup.bytes;
    lines.push_back(fmt::format("{} ({}) in {}: pgconvoy backups list{}",
                                count(static_cast<std::int64_t>(view.summary.backups.size()), "backup"), format_bytes({bytes}),
                                shown(view.summary.backup_directory), view.journal_option));
  }
  return lines;
}

}  // namespace pgconvoy::report
