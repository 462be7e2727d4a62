#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/report/run_report_parts.hpp"

namespace pgconvoy::report {
namespace {

constexpr std::size_t kLabel = 13;
constexpr std::size_t kWorthAPlot = 8;  // targets

std::string human(std::string state) {
  std::replace(state.begin(), state.end(), '_', ' ');
  return state;
}

// "  what failed  text", further lines below the text.
std::string labelled(const Style& style, const std::string& label, const std::string& text, std::size_t width) {
  const std::size_t limit = width == 0 ? 100000 : width;
  return fmt::format("  {}{}\n", style.dim(padded(label, kLabel)), wrapped(text, limit, kLabel + 2));
}

std::string failures_text(const ReportView& view, const Style& style) {
  std::string text;
  for (const FailureLines& failure : failures_of(view)) {
    text += "\n" + style.bad(failure.title) + "\n";
    bool first = true;
    for (const std::string& line : failure.what) {
      text += labelled(style, first ? "what failed" : "", line, view.width);
      first = false;
    }
    text += labelled(style, "state now", failure.state, view.width);
    first = true;
    for (const std::string& command : failure.commands) {
      text += labelled(style, first ? "next" : "", command, 0);
      first = false;
    }
  }
  return text;
}

std::string hand_overs_text(const ReportView& view, const Style& style) {
  std::string text;
  for (const HandOver& hand_over : view.summary.hand_overs) {
    if (hand_over.confirmed) continue;
    if (text.empty())
      text = "\n" + style.bold("To be done by you") + "\n" +
             wrapped("pgconvoy doesn't control these applications. Set the new address (user and password are the old ones), "
                     "start them, then confirm; until then the old databases stay.",
                     view.width == 0 ? 118 : view.width, 0) +
             "\n";
    text += style.warn(shown(hand_over.environment)) + "\n";
    for (const std::string& url : hand_over.new_urls) text += labelled(style, "new URL", shown(url), 0);
    text += labelled(style, "then", resolve_command(hand_over, view), 0);
  }
  return text;
}

// Hand-overs may be hundreds, and each stands above with its command: what else is to be typed must not scroll away.
std::string next_text(const ReportView& view, const Style& style) {
  constexpr int kResolves = 5;
  const std::vector<std::string> commands = commands_for_run(view);
  std::string text = commands.empty() ? "" : "\n";
  int resolves = 0;
  for (const std::string& command : commands) {
    const bool resolve = command.starts_with("pgconvoy resolve ");
    if (resolve && ++resolves > kResolves) {
      if (resolves == kResolves + 1) text += fmt::format("      and the same for the others above; when all are set: {}\n", resolve_all_command(view));
      continue;
    }
    text += fmt::format("{} {}\n", style.bold("next:"), command);
  }
  return text;
}

std::string grade_text(const ForecastGrade& grade, const ReportView& view, const Style& style) {
  std::string text = "\n" + style.bold("Forecast and what became of it") + "\n";
  for (const std::string& line : lines_of_grade(grade)) text += "  " + wrapped(line, view.width == 0 ? 100000 : view.width, 4) + "\n";
  if (view.verbose || grade.targets.size() >= kWorthAPlot)
    for (const std::string& line : plot_of_grade(grade)) text += "  " + style.dim(line) + "\n";
  return text;
}

}  // namespace

std::string report_text(const ReportView& view, const Style& style) {
  const RunSummary& summary = view.summary;
  std::string text = style.bold(fmt::format("{} {}: {}", summary.rehearsal ? "rehearsal" : "run", summary.name, human(summary.state)));
  text += fmt::format("  {}, seed {}{}\n\n", shown(summary.runbook), summary.seed,
                      summary.started.empty() ? "" : ", started " + day_and_time(summary.started));
  if (const auto words = parameters_in_words(summary.parameters); !words.empty())
    text += style.dim(wrapped(fmt::format("{}", fmt::join(words, ", ")), view.width == 0 ? 100000 : view.width, 0)) + "\n\n";
  text += table_of_targets(summary).text(style, view.width);
  text += "\n";
  for (const std::string& line : lines_of_totals(summary)) text += line + "\n";
  if (summary.grade) text += grade_text(*summary.grade, view, style);
  if (!summary.measured.empty()) text += "\n" + table_of_measures(summary.measured).text(style, view.width);
  text += failures_text(view, style);
  text += hand_overs_text(view, style);
  if (!summary.accepted.empty()) text += "\n" + style.bold("Decided beforehand") + "\n";
  for (const AcceptedRisk& risk : summary.accepted) text += wrapped(to_line(risk), view.width == 0 ? 100000 : view.width, 2) + "\n";
  const auto debts = lines_of_debts(summary);
  if (!debts.empty()) text += "\n" + style.bold("Debts") + "\n";
  for (const std::string& line : debts) text += wrapped(line, view.width == 0 ? 100000 : view.width, 2) + "\n";
  const auto kept = lines_of_kept(view);
  if (!kept.empty()) text += "\n";
  for (const std::string& line : kept) text += wrapped(line, view.width == 0 ? 100000 : view.width, 2) + "\n";
  text += next_text(view, style);
  return text;
}

}  // namespace pgconvoy::report
