#include <fmt/format.h>

#include <thread>

#include "cli/commands.hpp"
#include "cli/commands/run_intent.hpp"
#include "cli/open_run.hpp"
#include "cli/operator_name.hpp"
#include "engine/report/text.hpp"

namespace pgconvoy::cli {
namespace {

struct SkipOptions {
  RunArgument argument;
  std::string reason;
};

Result<void> can_be_skipped(const RunRecord& run, const TargetRecord& target, const std::string& which) {
  const std::string id = report::shown(target.id);
  switch (target.state) {
    case TargetState::pending:
      break;
    case TargetState::running:
    case TargetState::rolling_back:
      return Error(ErrorKind::refused, fmt::format("{} is under way: it can't be skipped any more", id),
                   fmt::format("pgconvoy status {} {}", which, target.id));
    default:
      return Error(ErrorKind::refused, fmt::format("{} is {} already", id, to_string(target.state)), fmt::format("pgconvoy status {} -v", which));
  }
  if (run.state == RunState::cancelled) return Error(ErrorKind::refused, fmt::format("{} is cancelled", run.name), "");
  return {};
}

// Nobody is at work on the run: this process does what that one would have done.
Result<void> skip_it(Journal& journal, const TargetRecord& target, const std::string& reason) {
  const std::string why = fmt::format("skipped by {}{}", operator_name(), reason.empty() ? "" : ": " + reason);
  Event event;
  event.run = target.run;
  event.target = target.number;
  event.epoch = target.epoch;
  event.kind = EventKind::target_skipped;
  event.at = journal.now();
  event.data = {{"reason", why}, {"error", {{"kind", to_string(ErrorKind::cancelled)}, {"message", why}}}};
  std::vector<Event> events{std::move(event)};
  return journal.append(events);
}

// The other process answers within a second; what it made of it is looked at, not guessed.
Result<TargetRecord> wait_for_answer(Journal& journal, std::int64_t run, int number) {
  constexpr int kLooks = 30;
  constexpr std::chrono::milliseconds kBetween{100};
  for (int look = 1;; ++look) {
    TRY(TargetRecord target, journal.target(run, number));
    if (target.state != TargetState::pending || look == kLooks) return target;
    std::this_thread::sleep_for(kBetween);
  }
}

int skip(const GlobalOptions& globals, const SkipOptions& options) {
  const Output& output = globals.output;
  auto journal = open_journal(globals, OpenMode::read_write);
  if (!journal) return fail(output, journal.error());
  auto id = find_run(**journal, options.argument.run, Unnamed::latest_unfinished);
  if (!id) return fail(output, id.error());
  auto run = (*journal)->run(*id);
  if (!run) return fail(output, run.error());
  auto targets = (*journal)->targets(*id, false);
  if (!targets) return fail(output, targets.error());
  auto number = find_target(*targets, run->name, options.argument.target);
  if (!number) return fail(output, number.error());
  const std::string which = run->name + globals.journal_option();
  if (auto possible = can_be_skipped(*run, targets->at(*number - 1), which); !possible) return fail(output, possible.error());
  const auto locked = (*journal)->lock_run(*id);
  if (!locked && locked.error().kind != ErrorKind::refused) return fail(output, locked.error());
  const auto told = locked ? skip_it(**journal, targets->at(*number - 1), options.reason)
                           : ask_for_target(**journal, *id, *number, "skip", options.reason);
  if (!told) return fail(output, told.error());
  auto after = wait_for_answer(**journal, *id, *number);
  if (!after) return fail(output, after.error());
  const std::string name = report::shown(after->id);
  if (!output.text())
    write_json(output, {{"version", 1}, {"kind", "target_asked"}, {"run", run->name}, {"target_id", after->id}, {"what", "skip"}, {"state", to_string(after->state)}});
  else if (after->state == TargetState::skipped)
    write_out(fmt::format("{} is skipped; pgconvoy retry {} {} takes it up again\n", name, which, after->id));
  else if (after->state == TargetState::pending)
    write_out(fmt::format("{} is told to skip {}\n", run->name, name));
  if (after->state == TargetState::skipped || after->state == TargetState::pending) return kSuccess;
  return fail(output, Error(ErrorKind::refused, fmt::format("{} had just begun: it is {}", name, to_string(after->state)), fmt::format("pgconvoy status {}", which)));
}

}  // namespace

void add_skip(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("skip", "Leave a target out of a run that has not begun with it, also while it runs");
  auto options = std::make_shared<SkipOptions>();
  command->add_option("RUN", options->argument.run, "r7, or 7")->type_name("")->required();
  command->add_option("TARGET", options->argument.target, "Id of the target")->type_name("")->required();
  command->add_option("--reason", options->reason, "Kept in the journal")->type_name("TEXT");
  add_globals(*command, invocation.globals);
  command->footer("Examples:\n  pgconvoy skip r7 shop-live --reason 'their sale begins tonight'\n"
                  "A skipped target is no failure. A live target whose test target was skipped stays held back.");
  command->callback([&invocation, options] { invocation.action = [&invocation, options] { return skip(invocation.globals, *options); }; });
}

}  // namespace pgconvoy::cli
