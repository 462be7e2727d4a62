#include "cli/application.hpp"
#include "cli/commands.hpp"
#include "cli/show_report.hpp"

namespace pgconvoy::cli {
namespace {

int show(const GlobalOptions& globals, const RunArgument& argument) {
  auto journal = open_journal(globals, OpenMode::read_only);
  if (!journal) return fail(globals.output, journal.error());
  auto run = find_run(**journal, argument.run);
  if (!run) return fail(globals.output, run.error());
  auto shown = show_report(globals, **journal, *run);
  return shown ? kSuccess : fail(globals.output, shown.error());
}

}  // namespace

void add_report(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("report", "What became of a run: every target, totals, failures and what to type next");
  auto argument = std::make_shared<RunArgument>();
  add_run_argument(*command, *argument, false, false);
  add_globals(*command, invocation.globals, {"text", "json", "jsonl", "markdown"});
  command->footer("Examples:\n  pgconvoy report\n  pgconvoy report r7 --output markdown > r7.md\n  pgconvoy report r7 --output json");
  command->callback(
      [&invocation, argument] { invocation.action = [&invocation, argument] { return show(invocation.globals, *argument); }; });
}

}  // namespace pgconvoy::cli
