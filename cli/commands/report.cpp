#include "cli/application.hpp"
#include "cli/commands.hpp"
#include "cli/open_run.hpp"
#include "cli/show_report.hpp"

namespace pgconvoy::cli {
namespace {

const std::vector<std::string> kReportFormats{"text", "json", "jsonl", "markdown", "html", "csv", "junit", "otlp"};

Result<void> show_whole_or_one(const GlobalOptions& globals, Journal& journal, const RunArgument& argument) {
  TRY(const std::int64_t run, find_run(journal, argument.run));
  int number = 0;
  if (!argument.target.empty()) {
    TRY(const std::vector<TargetRecord> targets, journal.targets(run, false));
    TRY(number, find_target(targets, "r" + std::to_string(run), argument.target));
  }
  if (is_long_format(globals.format)) return show_long_report(globals, journal, run, number);
  if (number != 0 && globals.format != "text")
    return Error(ErrorKind::usage, "--output " + globals.format + " is of the whole run", "pgconvoy status RUN TARGET --output json has one target");
  return show_report(globals, journal, run, number == 0 ? std::set<int>{} : std::set<int>{number});
}

int show(const GlobalOptions& globals, const RunArgument& argument) {
  auto journal = open_journal(globals, OpenMode::read_only);
  if (!journal) return fail(globals.output, journal.error());
  auto shown = show_whole_or_one(globals, **journal, argument);
  return shown ? kSuccess : fail(globals.output, shown.error());
}

}  // namespace

void add_report(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("report", "What became of a run: every target, totals, failures and what to type next");
  auto argument = std::make_shared<RunArgument>();
  add_run_argument(*command, *argument, false, true);
  add_globals(*command, invocation.globals, kReportFormats);
  command->add_option("--format", invocation.globals.format, "The same as --output")->type_name("FORMAT")->check(CLI::IsMember(kReportFormats).description(""));
  command->footer(
      "Examples:\n"
      "  pgconvoy report\n"
      "  pgconvoy report r7 --output html > r7.html     (one file, with plots and the evidence of each table: docs/reports.md)\n"
      "  pgconvoy report r7 --output markdown > r7.md\n"
      "  pgconvoy report r7 --output csv > r7.csv       (a line for each target)\n"
      "  pgconvoy report r7 --output junit > r7.xml     (for a CI system)\n"
      "  pgconvoy report r7 --output otlp > r7.json     (spans as OpenTelemetry's OTLP/JSON)\n"
      "  pgconvoy report r7 shop-live --output html > shop-live.html");
  command->callback(
      [&invocation, argument] { invocation.action = [&invocation, argument] { return show(invocation.globals, *argument); }; });
}

}  // namespace pgconvoy::cli
