#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/open_run.hpp"
#include "engine/report/run_summary.hpp"
#include "engine/report/text.hpp"

namespace pgconvoy::cli {
namespace {

struct ResolveOptions {
  RunArgument argument;
  std::string as, reason;
};

Result<int> resolve_bindings(OpenedRun& opened, const ResolveOptions& options) {
  const int number = *opened.only.begin();
  TRY(const TargetRecord target, opened.journal->target(opened.record.id, number));
  TRY(const std::vector<Obligation> obligations, opened.journal->obligations(true));
  const std::string begin = fmt::format("{}/t{}/confirm_binding/", opened.record.name, number);
  std::vector<Event> events;
  for (const Obligation& obligation : obligations) {
    if (obligation.kind != "confirm_binding" || !obligation.id.starts_with(begin)) continue;
    Event event;
    event.run = opened.record.id;
    event.target = number;
    event.epoch = target.epoch;
    event.kind = EventKind::obligation_done;
    event.at = std::chrono::system_clock::now();
    event.data = {{"id", obligation.id}, {"detail", options.reason}};
    events.push_back(std::move(event));
  }
  if (events.empty()) {
    if (target.state == TargetState::stuck)
      return Error(ErrorKind::refused,
                   fmt::format("{} is stuck, and a step can't be decided by hand in this version", target.id),
                   fmt::format("pgconvoy status {} shows the ways out: retry and rollback", opened.record.name));
    return Error(ErrorKind::refused, fmt::format("{} of {} waits for no confirmation", target.id, opened.record.name),
                 fmt::format("pgconvoy status {} (it is {})", opened.record.name, to_string(target.state)));
  }
  const int confirmed = static_cast<int>(events.size());
  TRY_VOID(opened.journal->append(events));
  return confirmed;
}

int resolve(const GlobalOptions& globals, const ResolveOptions& options) {
  if (options.reason.find_first_not_of(" \t") == std::string::npos)
    return fail(globals.output, Error(ErrorKind::usage, "--reason is empty: it is kept in the journal",
                                      "--reason \"bound to the new database\""));
  auto opened = open_run(globals, options.argument, OpenMode::read_write);
  if (!opened) return fail(globals.output, opened.error());
  auto confirmed = resolve_bindings(*opened, options);
  if (!confirmed) return fail(globals.output, confirmed.error());
  if (globals.output.text())
    write_out(fmt::format("{} of {} confirmed; when its retention is over, pgconvoy cleanup{} drops the old database\n",
                          report::count(*confirmed, "binding"), report::shown(options.argument.target), globals.journal_option()));
  else
    write_json(globals.output, {{"version", 1}, {"kind", "resolve"}, {"target", options.argument.target}, {"confirmed", *confirmed}});
  return kSuccess;
}

}  // namespace

void add_resolve(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("resolve", "Say that you did what only you could do, such as setting an application's URL");
  auto options = std::make_shared<ResolveOptions>();
  add_run_argument(*command, options->argument, true, true);
  command->get_option("TARGET")->required();
  command->add_option("--as", options->as, "done: the application is bound to its new database")
      ->type_name("WHAT")->required()->check(CLI::IsMember({"done"}).description(""));
  command->add_option("--reason", options->reason, "Kept in the journal")->type_name("TEXT")->required();
  add_globals(*command, invocation.globals);
  command->footer("Example:\n  pgconvoy resolve r7 crm-live --as done --reason 'URL set in vault, ticket 4711'");
  command->callback(
      [&invocation, options] { invocation.action = [&invocation, options] { return resolve(invocation.globals, *options); }; });
}

}  // namespace pgconvoy::cli
