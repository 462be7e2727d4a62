#include <fmt/format.h>

#include <map>

#include "cli/commands.hpp"
#include "cli/commands/resolve_step.hpp"
#include "cli/open_run.hpp"
#include "cli/target_event.hpp"
#include "engine/report/run_report.hpp"
#include "engine/report/text.hpp"

namespace pgconvoy::cli {
namespace {

struct ResolveOptions {
  RunArgument argument;
  bool all = false;
  std::string step, as, reason;
};

struct Confirmed {
  int bindings = 0, targets = 0;
};

// Those of the target that wait for a person's word.
std::vector<Event> confirmations(const OpenedRun& opened, const TargetRecord& target, const std::vector<Obligation>& obligations, const std::string& reason) {
  const std::string begin = fmt::format("{}/t{}/confirm_binding/", opened.record.name, target.number);
  std::vector<Event> events;
  for (const Obligation& obligation : obligations) {
    if (obligation.kind != "confirm_binding" || !obligation.id.starts_with(begin)) continue;
    events.push_back(target_event(target, EventKind::obligation_done, {{"id", obligation.id}, {"detail", reason}}));
  }
  return events;
}

Result<Confirmed> resolve_bindings_of_all(OpenedRun& opened, const ResolveOptions& options) {
  TRY(const std::vector<TargetRecord> targets, opened.journal->targets(opened.record.id, false));
  TRY(const std::vector<Obligation> obligations, opened.journal->obligations(true));
  std::map<std::string, std::vector<Obligation>> of_target;  // by the beginning of its id: r7/t42
  for (const Obligation& obligation : obligations)
    if (obligation.kind == "confirm_binding") of_target[obligation.id.substr(0, obligation.id.find('/', obligation.id.find('/') + 1))].push_back(obligation);
  std::vector<Event> events;
  Confirmed confirmed;
  for (const TargetRecord& target : targets) {
    const auto waiting = of_target.find(fmt::format("{}/t{}", opened.record.name, target.number));
    if (waiting == of_target.end()) continue;
    const std::vector<Event> own = confirmations(opened, target, waiting->second, options.reason);
    events.insert(events.end(), own.begin(), own.end());
    ++confirmed.targets;
  }
  if (events.empty())
    return Error(ErrorKind::refused, fmt::format("no target of {} waits for a confirmation", opened.record.name), "pgconvoy status " + opened.record.name);
  confirmed.bindings = static_cast<int>(events.size());
  TRY_VOID(opened.journal->append(events));
  return confirmed;
}

Result<Confirmed> resolve_bindings(OpenedRun& opened, const ResolveOptions& options) {
  TRY(const TargetRecord target, opened.journal->target(opened.record.id, *opened.only.begin()));
  TRY(const std::vector<Obligation> obligations, opened.journal->obligations(true));
  std::vector<Event> events = confirmations(opened, target, obligations, options.reason);
  if (events.empty()) {
    if (target.state == TargetState::stuck)
      return Error(ErrorKind::refused, fmt::format("{} is stuck; which step is meant is not said", target.id),
                   fmt::format("--step S; pgconvoy status {} {} shows the steps that wait for a decision", opened.record.name, target.id));
    return Error(ErrorKind::refused, fmt::format("{} of {} waits for no confirmation", target.id, opened.record.name),
                 fmt::format("pgconvoy status {} (it is {})", opened.record.name, to_string(target.state)));
  }
  const Confirmed confirmed{static_cast<int>(events.size()), 1};
  TRY_VOID(opened.journal->append(events));
  return confirmed;
}

// What leads on from here, as it is to be typed.
std::vector<std::string> next_commands(const GlobalOptions& globals, const OpenedRun& opened, const TargetRecord& target) {
  const std::string which = fmt::format("{} {}{}", opened.record.name, report::shell_argument(target.id), globals.journal_option());
  if (target.state != TargetState::stuck) return {"pgconvoy resume " + which};
  return {"pgconvoy retry " + which, "pgconvoy rollback " + which};
}

int resolve_one_step(const GlobalOptions& globals, OpenedRun& opened, const ResolveOptions& options) {
  StepResolution resolution{options.step, options.as, options.reason};
  if (auto resolved = resolve_step(opened, globals, resolution); !resolved) return fail(globals.output, resolved.error());
  auto target = opened.journal->target(opened.record.id, *opened.only.begin());
  if (!target) return fail(globals.output, target.error());
  const std::vector<std::string> commands = next_commands(globals, opened, *target);
  if (!globals.output.text()) {
    write_json(globals.output, {{"version", 1}, {"kind", "resolve"}, {"target", target->id}, {"confirmed", 0}, {"step", resolution.step},
                                {"as", resolution.as}, {"reason", resolution.reason}, {"commands", commands}});
    return kSuccess;
  }
  std::string text = fmt::format("{} of {} is resolved as {}; it is kept in the journal\n", report::shown(resolution.step),
                                 report::shown(target->id), resolution.as);
  for (const std::string& command : commands) text += fmt::format("{} {}\n", globals.output.style().bold("next:"), command);
  write_out(text);
  return kSuccess;
}

int resolve(const GlobalOptions& globals, const ResolveOptions& options) {
  if (options.reason.find_first_not_of(" \t") == std::string::npos)
    return fail(globals.output, Error(ErrorKind::usage, "--reason is empty: it is kept in the journal",
                                      "--reason \"bound to the new database\""));
  if (options.all != options.argument.target.empty())
    return fail(globals.output, options.all ? Error(ErrorKind::usage, "both a target and --all are given", "one of them")
                                            : Error(ErrorKind::usage, "no target is named", "TARGET, or --all for every target of the run whose bindings wait for a confirmation"));
  auto opened = open_run(globals, options.argument, OpenMode::read_write);
  if (!opened) return fail(globals.output, opened.error());
  if (!options.step.empty()) return resolve_one_step(globals, *opened, options);
  if (options.as != "done")
    return fail(globals.output, Error(ErrorKind::usage, fmt::format("--as {} is about a step", options.as),
                                      fmt::format("--step S; pgconvoy status {} lists them",
                                                  options.all ? opened->record.name : opened->record.name + " " + report::shell_argument(options.argument.target))));
  auto confirmed = options.all ? resolve_bindings_of_all(*opened, options) : resolve_bindings(*opened, options);
  if (!confirmed) return fail(globals.output, confirmed.error());
  const std::string what = options.all ? report::count(confirmed->targets, "target") : report::shown(options.argument.target);
  if (globals.output.text())
    write_out(fmt::format("{} of {} confirmed; when its retention is over, pgconvoy cleanup{} drops the old database\n",
                          report::count(confirmed->bindings, "binding"), what, globals.journal_option()));
  else
    write_json(globals.output, {{"version", 1}, {"kind", "resolve"}, {"target", options.argument.target}, {"targets", confirmed->targets}, {"confirmed", confirmed->bindings}});
  return kSuccess;
}

}  // namespace

void add_resolve(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("resolve", "Say what only you can know: an application's URL is set, a step of a stuck target is done");
  auto options = std::make_shared<ResolveOptions>();
  add_run_argument(*command, options->argument, true, true);
  CLI::Option* all = command->add_flag("--all", options->all, "Instead of TARGET: every target of the run whose bindings wait for a confirmation");
  command->add_option("--step", options->step, "Of a stuck target: the step that is decided (pgconvoy status RUN TARGET lists them)")
      ->type_name("STEP")->excludes(all);
  command->add_option("--as", options->as,
                      "done: the step has taken effect, or the application is bound to its new database; absent: nothing of it "
                      "is there, it is run again; skip: it is left out, and never undone")
      ->type_name("WHAT")->required()->check(CLI::IsMember({"done", "absent", "skip"}).description(""));
  command->add_option("--reason", options->reason, "Kept in the journal")->type_name("TEXT")->required();
  add_globals(*command, invocation.globals);
  command->footer(
      "Examples:\n"
      "  pgconvoy resolve r7 crm-live --as done --reason 'URL set in vault, ticket 4711'\n"
      "  pgconvoy resolve r7 --all --as done --reason 'all URLs are set in the deployment'\n"
      "  pgconvoy resolve r7 crm-live --step close_source --as skip --reason 'that server is gone for good'\n"
      "Nothing is changed outside the journal: retry goes forward from there, rollback goes back.");
  command->callback(
      [&invocation, options] { invocation.action = [&invocation, options] { return resolve(invocation.globals, *options); }; });
}

}  // namespace pgconvoy::cli
