#include <fmt/format.h>
#include <fmt/ranges.h>

#include "engine/report/run_report_parts.hpp"

namespace pgconvoy::report {

std::string report_markdown(const ReportView& view) {
  const RunSummary& summary = view.summary;
  std::string text = fmt::format("# pgconvoy {} {}: {}\n\n", summary.rehearsal ? "rehearsal" : "run", summary.name, summary.state);
  text += fmt::format("Runbook {} (`{}`), seed {}", shown(summary.runbook), summary.runbook_digest.substr(0, 12), summary.seed);
  if (!summary.started.empty()) text += ", started " + day_and_time(summary.started);
  text += ".\n\n";
  if (const auto words = parameters_in_words(summary.parameters); !words.empty()) text += fmt::format("Parameters: {}.\n\n", fmt::join(words, ", "));
  for (const std::string& line : lines_of_totals(summary)) text += "- " + line + "\n";
  text += "\n" + table_of_targets(summary).markdown();
  if (summary.grade) {
    text += "\n## Forecast and what became of it\n\n";
    for (const std::string& line : lines_of_grade(*summary.grade)) text += "- " + line + "\n";
    text += "\n";
    for (const std::string& line : plot_of_grade(*summary.grade)) text += "    " + line + "\n";
  }
  if (!summary.measured.empty()) text += "\n" + table_of_measures(summary.measured).markdown();
  const auto failures = failures_of(view);
  if (!failures.empty()) text += "\n## What failed\n";
  for (const FailureLines& failure : failures) {
    text += fmt::format("\n### {}\n\n", failure.title);
    for (const std::string& line : failure.what) text += "    " + line + "\n";
    text += fmt::format("\nState now: {}.\n\n", failure.state);
    for (const std::string& command : failure.commands) text += "    " + command + "\n";
  }
  bool first = true;
  for (const HandOver& hand_over : summary.hand_overs) {
    if (hand_over.confirmed) continue;
    if (first) text += "\n## To be done by you\n";
    first = false;
    text += fmt::format("\n{}: set the new address, start the application, then confirm.\n\n", shown(hand_over.environment));
    for (const std::string& url : hand_over.new_urls) text += "    " + shown(url) + "\n";
    text += "    " + resolve_command(hand_over, view) + "\n";
  }
  if (!summary.accepted.empty()) text += "\n## Decided beforehand\n\n";
  for (const AcceptedRisk& risk : summary.accepted) text += "- " + to_line(risk) + "\n";
  const auto debts = lines_of_debts(summary);
  if (!debts.empty()) text += "\n## Debts\n\n";
  for (const std::string& line : debts) text += "- " + line + "\n";
  const auto kept = lines_of_kept(view);
  if (!kept.empty()) text += "\n## Kept\n\n";
  for (const std::string& line : kept) text += "- " + line + "\n";
  return text;
}

}  // namespace pgconvoy::report
