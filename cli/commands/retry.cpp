#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/commands/run_intent.hpp"
#include "cli/open_run.hpp"
#include "cli/run_loop.hpp"
#include "engine/report/text.hpp"

namespace pgconvoy::cli {
namespace {

// All that were undone or skipped. What is stuck is retried only by name: somebody should have looked at it.
Result<std::set<int>> failed_targets(Journal& journal, const RunRecord& run) {
  TRY(const std::vector<TargetRecord> targets, journal.targets(run.id, false));
  std::set<int> numbers;
  int stuck = 0;
  for (const TargetRecord& target : targets) {
    stuck += target.state == TargetState::stuck;
    if (target.state == TargetState::rolled_back || target.state == TargetState::skipped) numbers.insert(target.number);
  }
  if (numbers.empty())
    return Error(ErrorKind::refused, fmt::format("{} has no target that was rolled back or skipped", run.name),
                 stuck ? fmt::format("{} stuck: retry them one by one, by name, once you have looked at them", stuck) : "");
  return numbers;
}

struct RetryOptions {
  RunArgument argument;
  std::string backup_directory, reason;
  bool failed = false;
};

// A process is at work on the run: it is asked to take the targets up again.
int ask(const GlobalOptions& globals, OpenedRun& opened, const std::set<int>& numbers, const RetryOptions& options) {
  const Output& output = globals.output;
  auto rollout = report::read_rollout(*opened.journal, opened.record);
  if (!rollout) return fail(output, rollout.error());
  const std::string which = opened.record.name + globals.journal_option();
  if (rollout->backward)
    return fail(output, Error(ErrorKind::refused, fmt::format("{} is being rolled back by another process", opened.record.name),
                              fmt::format("pgconvoy status {} shows how far it is", which)));
  if (!options.backup_directory.empty())
    return fail(output, Error(ErrorKind::usage, fmt::format("another process is at work on {}: it keeps its own --backup-directory", opened.record.name),
                              "leave it out, or retry when that process has ended"));
  for (const int number : numbers)
    if (auto told = ask_for_target(*opened.journal, opened.record.id, number, "retry", options.reason); !told) return fail(output, told.error());
  if (output.text())
    write_out(fmt::format("{} is told to take up {} again\n  pgconvoy status {} shows how far it is\n", opened.record.name,
                          report::count(static_cast<std::int64_t>(numbers.size()), "target"), which));
  else
    write_json(output, {{"version", 1}, {"kind", "target_asked"}, {"run", opened.record.name}, {"what", "retry"}, {"targets", numbers}});
  return kSuccess;
}

int retry(const GlobalOptions& globals, const RetryOptions& options) {
  const RunArgument& argument = options.argument;
  const std::string& backup_directory = options.backup_directory;
  auto opened = open_run(globals, argument, OpenMode::read_write);
  if (!opened) return fail(globals.output, opened.error());
  RunRequest request;
  request.run = opened->record.id;
  request.include_ended = true;
  request.only = opened->only;
  bool under_way = false;
  if (request.only.empty()) {
    auto failed = failed_targets(*opened->journal, opened->record);
    if (!failed) return fail(globals.output, failed.error());
    request.only = *std::move(failed);
  } else {
    auto target = opened->journal->target(request.run, *request.only.begin());
    if (!target) return fail(globals.output, target.error());
    if (target->state == TargetState::succeeded)
      return fail(globals.output, Error(ErrorKind::refused, fmt::format("{} has succeeded, there is nothing to retry", target->id)));
    under_way = target->state == TargetState::running || target->state == TargetState::rolling_back;
  }
  const auto locked = opened->journal->lock_run(request.run);
  if (!locked && locked.error().kind != ErrorKind::refused) return fail(globals.output, locked.error());
  // What is in flight there needs no second word.
  if (!locked && under_way) return fail(globals.output, locked.error());
  if (!locked) return ask(globals, *opened, request.only, options);
  // The disk that was full is no reason for a new run; where each backup went is journaled with it.
  if (!backup_directory.empty()) {
    auto absolute = absolute_backup_directory(backup_directory, "");
    if (!absolute) return fail(globals.output, absolute.error());
    opened->plan.options.backup_directory = *std::move(absolute);
  }
  Application application(globals.seams);
  return run_to_end(application, globals, *opened->journal, std::move(opened->plan), request);
}

}  // namespace

void add_retry(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("retry", "Try targets again that were rolled back, skipped or, by name, stuck");
  auto options = std::make_shared<RetryOptions>();
  add_run_argument(*command, options->argument, false, true);
  command->add_flag("--failed", options->failed, "All that were rolled back or skipped, as without TARGET")
      ->excludes(command->get_option("TARGET"));
  command->add_option("--backup-directory", options->backup_directory, "Where new backups go instead")->type_name("DIR");
  command->add_option("--reason", options->reason, "Kept in the journal, when another process is at work on the run")->type_name("TEXT");
  add_globals(*command, invocation.globals);
  add_log_format(*command, invocation.globals);
  command->footer("Examples:\n  pgconvoy retry r7\n  pgconvoy retry r7 --failed\n  pgconvoy retry r7 shop-live\n"
                  "While another process is at work on the run, that one takes them up again.\n"
                  "By name, a target begins whatever its wave, budget or test target says.");
  command->callback([&invocation, options] { invocation.action = [&invocation, options] { return retry(invocation.globals, *options); }; });
}

}  // namespace pgconvoy::cli
