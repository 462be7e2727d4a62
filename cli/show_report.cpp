#include "cli/show_report.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <map>

#include "cli/run_alive.hpp"
#include "engine/report/long_report.hpp"
#include "engine/report/run_report.hpp"

namespace pgconvoy::cli {

std::size_t text_width() {
  return stdout_is_terminal() ? static_cast<std::size_t>(terminal_size(STDOUT_FILENO).columns) : 0;
}

Result<void> show_report(const GlobalOptions& globals, Journal& journal, std::int64_t run, const std::set<int>& only) {
  TRY(const report::SummaryInput input, report::read_summary(journal, run, std::chrono::system_clock::now()));
  const report::RunSummary whole = report::summarize(input);
  const bool part = !only.empty() && only.size() < whole.targets.size() && globals.format == "text";
  const report::RunSummary summary = part ? report::only_targets(whole, only) : whole;
  const report::ReportView view{summary, globals.journal_option(), text_width(), globals.output.verbose};
  if (globals.format == "markdown")
    write_out(report::report_markdown(view));
  else if (globals.output.text())
    write_out(report::report_text(view, globals.output.style()) +
              (part ? fmt::format("all {} targets: pgconvoy report {}{}\n", whole.targets.size(), whole.name, view.journal_option) : ""));
  else
    write_json(globals.output, report::report_json(view));
  return {};
}

namespace {

using LongWriter = Result<void> (*)(const report::LongReport&);
const std::map<std::string, LongWriter> kLongFormats{
    {"html", report::report_html}, {"csv", report::report_csv}, {"junit", report::report_junit}, {"otlp", report::report_otlp}};

}  // namespace

bool is_long_format(const std::string& format) { return kLongFormats.contains(format); }

Result<void> show_long_report(const GlobalOptions& globals, Journal& journal, std::int64_t run, int target) {
  TRY(report::RunOutline outline, report::read_outline(journal, run, std::chrono::system_clock::now()));
  if (target != 0) outline = report::only_target(std::move(outline), target);
  if (outline.input.run.state == RunState::running && is_alive(globals, journal, run))
    for (report::TargetSummary& each : outline.summary.targets)
      each.under_way = each.state == TargetState::running || each.state == TargetState::rolling_back;
  const auto each = [&](const std::function<bool(const report::TargetSummary&)>& wanted, const report::VisitTarget& visit) {
    return report::each_target(journal, outline, wanted, visit);
  };
  const report::LongReport whole{outline, globals.journal_option(), each, [](std::string_view text) { write_out(text); },
                                 [&](const std::function<bool(const Event&)>& visit) { return journal.events(run, 0, visit); }};
  return kLongFormats.at(globals.format)(whole);
}

}  // namespace pgconvoy::cli
