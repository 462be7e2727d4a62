#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/open_run.hpp"
#include "cli/run_loop.hpp"

namespace pgconvoy::cli {
namespace {

int resume(const GlobalOptions& globals, const RunArgument& argument) {
  auto opened = open_run(globals, argument, OpenMode::read_write);
  if (!opened) return fail(globals.output, opened.error());
  const RunRecord& record = opened->record;
  if (record.state == RunState::planned)
    return fail(globals.output, Error(ErrorKind::refused, fmt::format("{} was never started", record.name),
                                      fmt::format("pgconvoy run --plan {}{}", record.name, globals.journal_option())));
  RunRequest request;
  request.run = record.id;
  request.only = opened->only;
  Application application;
  return run_to_end(application, globals, *opened->journal, std::move(opened->plan), request);
}

}  // namespace

void add_resume(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("resume", "Go on with a run that was interrupted or halted");
  auto argument = std::make_shared<RunArgument>();
  add_run_argument(*command, *argument, true, true);
  add_globals(*command, invocation.globals);
  command->footer(
      "Examples:\n"
      "  pgconvoy resume r7\n"
      "  pgconvoy resume r7 shop-live\n"
      "A step that had begun is looked at first: what is done is kept, what isn't is done, nothing is done twice.");
  command->callback(
      [&invocation, argument] { invocation.action = [&invocation, argument] { return resume(invocation.globals, *argument); }; });
}

}  // namespace pgconvoy::cli
