#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/commands/run_intent.hpp"
#include "cli/open_run.hpp"
#include "cli/run_loop.hpp"

namespace pgconvoy::cli {
namespace {

struct CancelOptions {
  RunArgument argument;
  bool rollback = false, leave = false;
  std::string reason;

  CancelMode mode() const { return rollback ? CancelMode::rollback : CancelMode::leave; }
};

Result<void> can_be_cancelled(const RunRecord& record, const GlobalOptions& globals) {
  const std::string which = record.name + globals.journal_option();
  if (record.state == RunState::cancelled)
    return Error(ErrorKind::refused, fmt::format("{} is cancelled already", record.name),
                 fmt::format("pgconvoy rollback {} undoes what it moved", which));
  if (record.state == RunState::succeeded || record.state == RunState::finished_with_failures)
    return Error(ErrorKind::refused, fmt::format("{} is over: there is nothing to cancel", record.name),
                 fmt::format("pgconvoy rollback {} undoes what it moved", which));
  return {};
}

// Nothing of it was begun: it is over with a word.
Result<void> end_planned(Journal& journal, const RunRecord& record) {
  TRY(const std::vector<TargetRecord> targets, journal.targets(record.id, false));
  std::vector<Event> events;
  Event event;
  event.run = record.id;
  event.at = journal.now();
  for (const TargetRecord& target : targets) {
    event.kind = EventKind::target_skipped;
    event.target = target.number;
    event.data = {{"reason", "cancelled: it was not started"},
                  {"error", {{"kind", to_string(ErrorKind::cancelled)}, {"message", "the run was cancelled"}}}};
    events.push_back(event);
  }
  event.target = 0;
  event.kind = EventKind::run_ended;
  event.data = {{"state", to_string(RunState::cancelled)}, {"reason", "cancelled by the operator"}};
  events.push_back(event);
  return journal.append(events);
}

int say(const GlobalOptions& globals, const RunRecord& record, const CancelOptions& options, bool carried_out) {
  const char* mode = options.rollback ? "rollback" : "leave";
  if (!globals.output.text()) {
    write_json(globals.output, {{"version", 1}, {"kind", "run_intent"}, {"run", record.name}, {"intent", "cancel"}, {"mode", mode},
                                {"carried_out", carried_out}});
    return kSuccess;
  }
  if (carried_out)
    write_out(fmt::format("{} is cancelled: nothing of it was begun\n", record.name));
  else
    write_out(fmt::format("{0} is told to cancel: nothing new starts, what is in flight {1}\n  pgconvoy status {0}{2} shows how far it is\n", record.name,
                          options.rollback ? "is undone now, unless its application was started on the new database: then it finishes" : "finishes",
                          globals.journal_option()));
  return kSuccess;
}

int cancel(const GlobalOptions& globals, const CancelOptions& options) {
  const Output& output = globals.output;
  auto opened = open_run(globals, options.argument, OpenMode::read_write, Unnamed::latest_unfinished);
  if (!opened) return fail(output, opened.error());
  if (auto possible = can_be_cancelled(opened->record, globals); !possible) return fail(output, possible.error());
  Journal& journal = *opened->journal;
  const std::int64_t run = opened->record.id;
  const auto locked = journal.lock_run(run);
  if (!locked && locked.error().kind != ErrorKind::refused) return fail(output, locked.error());
  const json intent{{"intent", "cancel"}, {"mode", options.rollback ? "rollback" : "leave"}};
  if (auto told = journal_intent(journal, run, intent, options.reason); !told) return fail(output, told.error());
  if (!locked) return say(globals, opened->record, options, false);
  if (opened->record.state == RunState::planned) {
    if (auto ended = end_planned(journal, opened->record); !ended) return fail(output, ended.error());
    return say(globals, opened->record, options, true);
  }
  // Nobody is at work on it: this process does what that one would have done.
  RunRequest request;
  request.run = run;
  request.cancel = options.mode();
  Application application(globals.seams);
  const int code = run_to_end(application, globals, journal, std::move(opened->plan), request);
  auto after = journal.run(run);
  if (!after) return fail(output, after.error());
  return after->state == RunState::cancelled ? kSuccess : code;
}

}  // namespace

void add_cancel(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("cancel", "End a run for good: nothing new starts, what is in flight finishes or is undone");
  auto options = std::make_shared<CancelOptions>();
  add_run_argument(*command, options->argument, false, false, "r7, or 7; the latest unfinished one when left out");
  CLI::Option* leave = command->add_flag("--leave", options->leave, "What is in flight finishes (the default)");
  command->add_flag("--rollback", options->rollback,
                    "What is in flight is undone right now; an application that was started on its new database stays there")->excludes(leave);
  command->add_option("--reason", options->reason, "Kept in the journal")->type_name("TEXT");
  add_globals(*command, invocation.globals);
  command->footer("Examples:\n  pgconvoy cancel r7\n  pgconvoy cancel r7 --rollback --reason 'the storage is too slow tonight'\n"
                  "Targets that were moved already stay moved (pgconvoy rollback undoes them). A cancelled run is not resumed;\n"
                  "pgconvoy retry r7 TARGET takes single targets up again.");
  command->callback(
      [&invocation, options] { invocation.action = [&invocation, options] { return cancel(invocation.globals, *options); }; });
}

}  // namespace pgconvoy::cli
