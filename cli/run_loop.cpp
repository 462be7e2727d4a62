#include "cli/run_loop.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "cli/progress.hpp"
#include "cli/show_report.hpp"
#include "cli/stop_signals.hpp"

namespace pgconvoy::cli {
namespace {

std::string resume_command(const GlobalOptions& globals, std::int64_t run) {
  return fmt::format("pgconvoy resume r{}{}", run, globals.journal_option());
}

bool is_left(const TargetRecord& target) {
  return target.state == TargetState::pending || target.state == TargetState::running ||
         target.state == TargetState::rolling_back;
}

// Skipped before anything was done, because a precondition blocks.
bool is_blocked(const TargetRecord& target) {
  return target.state == TargetState::skipped && target.reason.is_object() && target.reason.contains("findings");
}

}  // namespace

int exit_code_of_run(const std::vector<TargetRecord>& targets, RunState state, const RunRequest& request, bool interrupted) {
  std::vector<const TargetRecord*> asked;
  for (const TargetRecord& target : targets)
    if (request.only.empty() || request.only.count(target.number)) asked.push_back(&target);
  const auto all = [&](auto predicate) { return std::all_of(asked.begin(), asked.end(), predicate); };
  const auto any = [&](auto predicate) { return std::any_of(asked.begin(), asked.end(), predicate); };
  if (request.direction == Direction::backward) {
    const bool undone = all([](const TargetRecord* target) {
      return target->state == TargetState::rolled_back || target->state == TargetState::skipped ||
             target->state == TargetState::pending;
    });
    if (undone) return kSuccess;
    return interrupted ? kInterrupted : kSomeFailed;
  }
  const bool left = any([](const TargetRecord* target) { return is_left(*target); });
  if (left && interrupted) return kInterrupted;
  if (left || (state == RunState::halted && request.only.empty())) return kHalted;
  if (all([](const TargetRecord* target) { return target->state == TargetState::succeeded; })) return kSuccess;
  if (all([](const TargetRecord* target) { return is_blocked(*target); })) return kBlocked;
  return kSomeFailed;
}

int run_to_end(Application& application, const GlobalOptions& globals, Journal& journal, Plan plan, RunRequest request) {
  const Output& output = globals.output;
  if (auto locked = journal.lock_run(request.run); !locked) return fail(output, locked.error());
  auto records = journal.targets(request.run, false);
  if (!records) return fail(output, records.error());

  auto progress = make_progress(application.loop().get_executor(), output, plan, *records, request.run);
  Runner runner(application.services(), journal, application.operations(), application.conditions(), {progress.get()});
  StopSignals signals(
      application.loop(),
      [&] {
        runner.stop();
        progress->stopping(progress->in_flight());
      },
      [&] {
        application.processes().kill_all();
        progress->finish();
        write_error(fmt::format("stopped at once; what was in flight is as the journal says. Go on with:\n  {}\n",
                                resume_command(globals, request.run)));
        _exit(kInterrupted);
      });
  auto state = application.wait(runner.run(std::move(plan), request));
  progress->finish();
  if (!state) {
    print_error(output, state.error());
    write_error(fmt::format("  what was in flight is as the journal says; when it can be written again:\n  {}\n",
                            resume_command(globals, request.run)));
    return kHalted;
  }
  auto shown = show_report(globals, journal, request.run, request.only);
  if (!shown) return fail(output, shown.error());
  auto after = journal.targets(request.run, false);
  if (!after) return fail(output, after.error());
  const int code = exit_code_of_run(*after, *state, request, signals.seen());
  if (code == kInterrupted)
    write_error(fmt::format("interrupted; {} left. Go on with:\n  {}\n",
                            std::count_if(after->begin(), after->end(), is_left), resume_command(globals, request.run)));
  return code;
}

}  // namespace pgconvoy::cli
