#include <fmt/format.h>

#include <algorithm>

#include "cli/commands.hpp"
#include "cli/open_run.hpp"
#include "cli/run_loop.hpp"
#include "cli/shared_part.hpp"
#include "engine/report/text.hpp"

namespace pgconvoy::cli {
namespace {

// A run that says "running" is never taken for finished: its process may have ended before it could say so.
Result<bool> nothing_is_left(const OpenedRun& opened) {
  if (opened.record.state == RunState::running) return false;
  TRY(const std::vector<TargetRecord> targets, opened.journal->targets(opened.record.id, false));
  return std::none_of(targets.begin(), targets.end(), [&](const TargetRecord& target) {
    return is_left(target) && (opened.only.empty() || opened.only.count(target.number));
  });
}

int say_nothing_to_resume(const GlobalOptions& globals, const OpenedRun& opened, const RunArgument& argument) {
  std::string state = to_string(opened.record.state);
  std::replace(state.begin(), state.end(), '_', ' ');
  const std::string name = opened.record.name;
  if (globals.output.text())
    write_out(argument.target.empty()
                  ? fmt::format("nothing to resume: {} is over ({}); pgconvoy report {}{}\n", name, state, name, globals.journal_option())
                  : fmt::format("nothing to resume: {} of {} is not under way; pgconvoy status {}{} -v\n", report::shown(argument.target),
                                name, name, globals.journal_option()));
  else
    write_json(globals.output, {{"version", 1}, {"kind", "nothing_to_resume"}, {"run", name}, {"state", to_string(opened.record.state)}});
  return kSuccess;
}

int resume(const GlobalOptions& globals, const RunArgument& argument, const std::string& lease_text) {
  const auto lease = lease_of(lease_text);
  if (!lease) return fail(globals.output, lease.error());
  auto opened = open_run(globals, argument, OpenMode::read_write, Unnamed::latest_unfinished);
  if (!opened) return fail(globals.output, opened.error());
  const RunRecord& record = opened->record;
  if (record.state == RunState::planned)
    return fail(globals.output, Error(ErrorKind::refused, fmt::format("{} was never started", record.name),
                                      fmt::format("pgconvoy run --plan {}{}", record.name, globals.journal_option())));
  if (record.state == RunState::cancelled)
    return fail(globals.output,
                Error(ErrorKind::refused, fmt::format("{} was cancelled, and a cancelled run is not resumed", record.name),
                      fmt::format("pgconvoy retry {0} TARGET{1} takes one target up again; pgconvoy plan makes a new run of what is left",
                                  record.name, globals.journal_option())));
  auto over = nothing_is_left(*opened);
  if (!over) return fail(globals.output, over.error());
  if (*over) return say_nothing_to_resume(globals, *opened, argument);
  RunRequest request;
  request.run = record.id;
  request.only = opened->only;
  request.lease = *lease;
  Application application(globals.seams);
  return run_to_end(application, globals, *opened->journal, std::move(opened->plan), request);
}

}  // namespace

void add_resume(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("resume", "Go on with a run that was interrupted or halted");
  auto argument = std::make_shared<RunArgument>();
  auto lease = std::make_shared<std::string>();
  add_run_argument(*command, *argument, false, true, "r7, or 7; the latest unfinished one when left out");
  add_lease(*command, *lease);
  add_globals(*command, invocation.globals);
  add_log_format(*command, invocation.globals);
  command->footer(
      "Examples:\n"
      "  pgconvoy resume\n"
      "  pgconvoy resume r7\n"
      "  pgconvoy resume r7 shop-live\n"
      "A step that had begun is looked at first: what is done is kept, what isn't is done, nothing is done twice.");
  command->callback(
      [&invocation, argument, lease] { invocation.action = [&invocation, argument, lease] { return resume(invocation.globals, *argument, *lease); }; });
}

}  // namespace pgconvoy::cli
