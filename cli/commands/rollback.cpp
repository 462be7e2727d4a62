#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/commands.hpp"
#include "cli/confirm.hpp"
#include "cli/open_run.hpp"
#include "cli/run_loop.hpp"
#include "engine/report/run_summary.hpp"
#include "engine/report/text.hpp"
#include "engine/run/rehearsal.hpp"

namespace pgconvoy::cli {
namespace {

struct RollbackOptions {
  RunArgument argument;
  bool accept_data_loss = false, yes = false;
};

struct Candidates {
  std::set<int> numbers;
  std::vector<std::string> names, dropped;  // dropped: without an old database to go back to
};

Result<Candidates> candidates(const report::RunSummary& summary, const std::set<int>& named) {
  Candidates result;
  for (const report::TargetSummary& target : summary.targets) {
    if (!named.empty() && !named.count(target.number)) continue;
    const bool nothing = target.state == TargetState::pending || target.state == TargetState::skipped ||
                         target.state == TargetState::rolled_back ||
                         (target.rehearsal && target.state == TargetState::succeeded);  // nothing of it is there any more
    if (nothing && !named.empty())
      return Error(ErrorKind::refused, fmt::format("{} is {}: there is nothing to undo", target.id, to_string(target.state)));
    if (nothing) continue;
    if (target.dropped_source) {
      result.dropped.push_back(target.id);
      continue;
    }
    result.numbers.insert(target.number);
    result.names.push_back(target.id);
  }
  if (!result.numbers.empty()) return result;
  if (!result.dropped.empty())
    return Error(ErrorKind::refused,
                 fmt::format("the old database of {} was dropped already: there is nothing to go back to; nothing was touched",
                             fmt::join(result.dropped, ", ")),
                 "its backup is still there: pgconvoy backups list, pgconvoy backups restore BACKUP --to URL");
  return Error(ErrorKind::refused, fmt::format("{} has nothing to undo", summary.name));
}

int rollback(const GlobalOptions& globals, const RollbackOptions& options) {
  const Output& output = globals.output;
  if (options.accept_data_loss && options.argument.target.empty())
    return fail(output, Error(ErrorKind::usage, "--accept-data-loss is for one target, by name",
                              "pgconvoy rollback RUN TARGET --accept-data-loss"));
  if (auto answered = can_confirm(options.yes); !answered) return fail(output, answered.error());
  auto opened = open_run(globals, options.argument, OpenMode::read_write);
  if (!opened) return fail(output, opened.error());
  auto input = report::read_summary(*opened->journal, opened->record.id, std::chrono::system_clock::now());
  if (!input) return fail(output, input.error());
  auto chosen = candidates(report::summarize(*input), opened->only);
  if (!chosen) return fail(output, chosen.error());

  if (!chosen->dropped.empty())
    write_error(fmt::format("{} left out, their old databases are gone: {}\n",
                            report::count(static_cast<std::int64_t>(chosen->dropped.size()), "target"),
                            fmt::join(chosen->dropped, ", ")));
  if (options.accept_data_loss)
    write_error(fmt::format("what {} wrote to its new database will be GIVEN UP\n", chosen->names.front()));
  const std::string what = chosen->names.size() == 1
                               ? chosen->names.front()
                               : report::count(static_cast<std::int64_t>(chosen->names.size()), "target");
  const char* meanwhile = is_rehearsal(opened->record.runbook) ? "" : " Their applications are paused meanwhile.";
  if (!options.yes && !confirm(fmt::format("Undo {} of {}?{}", what, opened->record.name, meanwhile))) {
    write_error("nothing was changed\n");
    return kBadInput;
  }

  RunRequest request;
  request.run = opened->record.id;
  request.direction = Direction::backward;
  request.include_ended = true;
  request.only = chosen->numbers;
  request.accept_data_loss = options.accept_data_loss;
  Application application(globals.seams);
  return run_to_end(application, globals, *opened->journal, std::move(opened->plan), request);
}

}  // namespace

void add_rollback(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("rollback", "Undo a run, or one target of it, in reverse order");
  auto options = std::make_shared<RollbackOptions>();
  add_run_argument(*command, options->argument, false, true);
  command->add_flag("--accept-data-loss", options->accept_data_loss,
                    "Go back although the new database was written to; what it received is given up (one target only)");
  command->add_flag("-y,--yes", options->yes, "Don't ask");
  add_globals(*command, invocation.globals);
  add_log_format(*command, invocation.globals);
  command->footer(
      "Examples:\n"
      "  pgconvoy rollback r7 shop-live\n"
      "  pgconvoy rollback r7 --yes\n"
      "After the application has run on the new database both are compared: equal ones are undone, others are left\n"
      "stuck behind the page, with the ways out shown.");
  command->callback(
      [&invocation, options] { invocation.action = [&invocation, options] { return rollback(invocation.globals, *options); }; });
}

}  // namespace pgconvoy::cli
