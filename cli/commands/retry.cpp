#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/open_run.hpp"
#include "cli/run_loop.hpp"

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

int retry(const GlobalOptions& globals, const RunArgument& argument, const std::string& backup_directory) {
  auto opened = open_run(globals, argument, OpenMode::read_write);
  if (!opened) return fail(globals.output, opened.error());
  RunRequest request;
  request.run = opened->record.id;
  request.include_ended = true;
  request.only = opened->only;
  if (request.only.empty()) {
    auto failed = failed_targets(*opened->journal, opened->record);
    if (!failed) return fail(globals.output, failed.error());
    request.only = *std::move(failed);
  } else {
    auto target = opened->journal->target(request.run, *request.only.begin());
    if (!target) return fail(globals.output, target.error());
    if (target->state == TargetState::succeeded)
      return fail(globals.output, Error(ErrorKind::refused, fmt::format("{} has succeeded, there is nothing to retry", target->id)));
  }
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
  auto argument = std::make_shared<RunArgument>();
  add_run_argument(*command, *argument, false, true);
  auto backup_directory = std::make_shared<std::string>();
  command->add_option("--backup-directory", *backup_directory, "Where new backups go instead")->type_name("DIR");
  add_globals(*command, invocation.globals);
  command->footer("Examples:\n  pgconvoy retry r7\n  pgconvoy retry r7 shop-live");
  command->callback(
      [&invocation, argument, backup_directory] {
        invocation.action = [&invocation, argument, backup_directory] { return retry(invocation.globals, *argument, *backup_directory); };
      });
}

}  // namespace pgconvoy::cli
