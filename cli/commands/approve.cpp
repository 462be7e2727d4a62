#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/commands/run_intent.hpp"
#include "cli/open_run.hpp"

namespace pgconvoy::cli {
namespace {

// Refused with what to type instead: nobody lets a wave go that he hasn't seen the one before of.
Result<void> can_be_approved(const RunRecord& run, const RolloutRecord& rollout, const std::string& which) {
  const std::string look = fmt::format("pgconvoy status {}", which);
  if (run.state != RunState::running && run.state != RunState::halted)
    return Error(ErrorKind::refused, fmt::format("{} is {}: there is nothing to approve", run.name, to_string(run.state)), look);
  if (!rollout.options.approve)
    return Error(ErrorKind::refused, fmt::format("{} doesn't wait for anybody: its waves follow each other by themselves", run.name),
                 fmt::format("pgconvoy set {} approve=yes has the next one wait", which));
  if (rollout.wave >= rollout.waves())
    return Error(ErrorKind::refused, fmt::format("{} is in its last wave: there is nothing left to approve", run.name), look);
  if (!rollout.wave_ended)
    return Error(ErrorKind::refused, fmt::format("wave {} of {} is still under way", rollout.wave, run.name), look);
  if (rollout.approved > rollout.wave)
    return Error(ErrorKind::refused, fmt::format("wave {} of {} is approved already", rollout.wave + 1, run.name), look);
  return {};
}

int approve(const GlobalOptions& globals, const RunArgument& argument, const std::string& reason) {
  const Output& output = globals.output;
  auto journal = open_journal(globals, OpenMode::read_write);
  if (!journal) return fail(output, journal.error());
  auto id = find_run(**journal, argument.run, Unnamed::latest_unfinished);
  if (!id) return fail(output, id.error());
  auto run = (*journal)->run(*id);
  if (!run) return fail(output, run.error());
  auto rollout = report::read_rollout(**journal, *run);
  if (!rollout) return fail(output, rollout.error());
  const std::string which = run->name + globals.journal_option();
  if (auto possible = can_be_approved(*run, *rollout, which); !possible) return fail(output, possible.error());
  const int wave = rollout->wave + 1;
  const int first = rollout->wave_ends.at(rollout->wave - 1) + 1, last = rollout->wave_ends.at(rollout->wave);
  if (auto told = journal_word(**journal, *id, EventKind::wave_approved, {{"wave", wave}}, reason); !told) return fail(output, told.error());
  const bool alive = !(*journal)->lock_run(*id);
  if (output.text())
    write_out(fmt::format("wave {} of {} is approved: targets {} to {} may begin{}\n{}", wave, run->name, first, last,
                          rollout->soak_until.empty() ? "" : " when its soak is over",
                          alive ? "" : fmt::format("  no process is at work on it: pgconvoy resume {}\n", which)));
  else
    write_json(output, {{"version", 1}, {"kind", "approved"}, {"run", run->name}, {"wave", wave}, {"first", first}, {"last", last}, {"alive", alive}});
  return kSuccess;
}

}  // namespace

void add_approve(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("approve", "Let the next wave of a run go that waits for it (run --approve)");
  auto argument = std::make_shared<RunArgument>();
  auto reason = std::make_shared<std::string>();
  add_run_argument(*command, *argument, false, false, "r7, or 7; the latest unfinished one when left out");
  command->add_option("--reason", *reason, "Kept in the journal")->type_name("TEXT");
  add_globals(*command, invocation.globals);
  command->footer("Examples:\n  pgconvoy approve r7\n  pgconvoy approve r7 --reason 'the shops are fine'\n"
                  "The wave before must be over. A run that was interrupted while it waited waits again when it is resumed.");
  command->callback([&invocation, argument, reason] {
    invocation.action = [&invocation, argument, reason] { return approve(invocation.globals, *argument, *reason); };
  });
}

}  // namespace pgconvoy::cli
