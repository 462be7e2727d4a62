#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/commands/run_intent.hpp"
#include "cli/open_run.hpp"

namespace pgconvoy::cli {
namespace {

// The run as a pause meets it. Refused with what to type instead.
Result<void> can_be_paused(OpenedRun& opened, const GlobalOptions& globals) {
  const RunRecord& record = opened.record;
  const std::string which = record.name + globals.journal_option();
  switch (record.state) {
    case RunState::planned:
      return Error(ErrorKind::refused, fmt::format("{} was never started: there is nothing to pause", record.name),
                   fmt::format("pgconvoy run --plan {}", which));
    case RunState::halted:
      return Error(ErrorKind::refused, fmt::format("{} is halted already", record.name), fmt::format("pgconvoy resume {}", which));
    case RunState::running:
      break;
    default:
      return Error(ErrorKind::refused, fmt::format("{} is over: there is nothing to pause", record.name), fmt::format("pgconvoy status {}", which));
  }
  if (opened.journal->lock_run(record.id))
    return Error(ErrorKind::refused, fmt::format("no process is at work on {}: it stays as it is until somebody resumes it", record.name),
                 fmt::format("pgconvoy resume {0}, or pgconvoy cancel {0}", which));
  if (record.intent == RunIntent::cancel)
    return Error(ErrorKind::refused, fmt::format("{} is being cancelled: nothing new starts anyway", record.name), fmt::format("pgconvoy status {}", which));
  return {};
}

int pause(const GlobalOptions& globals, const RunArgument& argument, const std::string& reason) {
  auto opened = open_run(globals, argument, OpenMode::read_write, Unnamed::latest_unfinished);
  if (!opened) return fail(globals.output, opened.error());
  if (auto possible = can_be_paused(*opened, globals); !possible) return fail(globals.output, possible.error());
  auto told = journal_intent(*opened->journal, opened->record.id, {{"intent", "pause"}}, reason);
  if (!told) return fail(globals.output, told.error());
  const std::string which = opened->record.name + globals.journal_option();
  if (globals.output.text())
    write_out(fmt::format("{0} is told to pause: what is in flight finishes, nothing new starts\n"
                          "  pgconvoy status {1} shows how far it is, pgconvoy resume {1} goes on when it has ended\n",
                          opened->record.name, which));
  else
    write_json(globals.output, {{"version", 1}, {"kind", "run_intent"}, {"run", opened->record.name}, {"intent", "pause"}, {"carried_out", false}});
  return kSuccess;
}

}  // namespace

void add_pause(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("pause", "Let a run finish what is in flight and start nothing new");
  auto argument = std::make_shared<RunArgument>();
  auto reason = std::make_shared<std::string>();
  add_run_argument(*command, *argument, false, false, "r7, or 7; the latest unfinished one when left out");
  command->add_option("--reason", *reason, "Kept in the journal")->type_name("TEXT");
  add_globals(*command, invocation.globals);
  command->footer("Examples:\n  pgconvoy pause\n  pgconvoy pause r7 --reason 'storage is being moved'\n"
                  "The process that carries the run out ends with exit code 3; pgconvoy resume goes on.");
  command->callback([&invocation, argument, reason] {
    invocation.action = [&invocation, argument, reason] { return pause(invocation.globals, *argument, *reason); };
  });
}

}  // namespace pgconvoy::cli
