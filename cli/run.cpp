#include "cli/run.hpp"

#include <fmt/format.h>

#include <csignal>
#include <exception>
#include <iostream>

#include "cli/commands.hpp"
#include "cli/parse_problem.hpp"

namespace pgconvoy::cli {
namespace {

constexpr const char* kStory =
    "In this order:\n"
    "  pgconvoy init --source URL --target URL    (writes fleet.yaml)\n"
    "  pgconvoy doctor -f fleet.yaml\n"
    "  pgconvoy parity -f fleet.yaml\n"
    "  pgconvoy check  -f fleet.yaml --runbook postgres-13-to-15\n"
    "  pgconvoy plan   -f fleet.yaml --runbook postgres-13-to-15\n"
    "  pgconvoy run    --plan r1, and pgconvoy watch in another terminal\n"
    "Programs of your own in the fleet file are tested by pgconvoy doctor -f fleet.yaml --platform.\n"
    "Each command explains itself: pgconvoy run --help, or pgconvoy help run. RUN is r7, or 7; the latest one when it is left out.\n"
    "Exit codes: 0 success, 1 some targets failed, 2 bad input, 3 halted, paused or cancelled, 4 a precondition blocks,\n"
    "130 interrupted.";

void add_commands(CLI::App& app, Invocation& invocation) {
  add_init(app, invocation);
  add_fleet_commands(app, invocation);
  add_runbook_commands(app, invocation);
  add_doctor(app, invocation);
  add_check(app, invocation);
  add_parity(app, invocation);
  add_scan(app, invocation);
  add_plan(app, invocation);
  add_rehearse(app, invocation);
  add_run(app, invocation);
  add_worker(app, invocation);
  add_resume(app, invocation);
  add_pause(app, invocation);
  add_cancel(app, invocation);
  add_approve(app, invocation);
  add_set(app, invocation);
  add_skip(app, invocation);
  add_retry(app, invocation);
  add_rollback(app, invocation);
  add_resolve(app, invocation);
  add_accept(app, invocation);
  add_status(app, invocation);
  add_report(app, invocation);
  add_metrics(app, invocation);
  add_watch(app, invocation);
  add_logs(app, invocation);
  add_events(app, invocation);
  add_backups(app, invocation);
  add_cleanup(app, invocation);
  add_notices(app, invocation);
  add_schedule(app, invocation);
  add_serve(app, invocation);
  add_journal(app, invocation);
  add_completion(app, invocation);
}

// "help run" is "run --help". Error usage for what isn't a command.
Result<std::vector<std::string>> without_help_command(const CLI::App& app, std::vector<std::string> words) {
  if (words.empty() || words.front() != "help") return words;
  words.erase(words.begin());
  const CLI::App* command = &app;
  for (const std::string& word : words) {
    if (word.starts_with("-")) break;
    const auto children = command->get_subcommands([&](const CLI::App* known) { return known->get_name() == word; });
    if (children.empty()) return no_such_command(*command, command == &app ? "pgconvoy" : "pgconvoy " + command->get_name(), word);
    command = children.front();
  }
  words.push_back("--help");
  return words;
}

Format format_of(const std::string& name) {
  return name == "json" ? Format::json : name == "jsonl" ? Format::jsonl : Format::text;
}

}  // namespace

int run(int argc, char** argv, Seams seams) {
  // A reader that goes away (| head) must not end a run in the middle.
  std::signal(SIGPIPE, SIG_IGN);
  Invocation invocation;
  invocation.globals.seams = std::move(seams);
  CLI::App app("Moves fleets of PostgreSQL databases to a new major version.", "pgconvoy");
  app.set_version_flag("--version", "pgconvoy " PGCONVOY_VERSION);
  app.require_subcommand(1);
  app.footer(kStory);
  add_globals(app, invocation.globals);
  add_commands(app, invocation);
  const auto words = without_help_command(app, std::vector<std::string>(argv + 1, argv + argc));
  if (!words) return fail(invocation.globals.output, words.error());
  try {
    std::vector<std::string> from_the_end(words->rbegin(), words->rend());
    app.parse(std::move(from_the_end));
    invocation.globals.output.format = format_of(invocation.globals.format);
    return invocation.action();
  } catch (const CLI::ParseError& problem) {
    if (problem.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
      app.exit(problem);  // help or version, through std::cout
      std::cout.flush();  // everything else goes around it
      return kSuccess;
    }
    return fail(invocation.globals.output, explain(app, problem, *words));
  } catch (const std::exception& failure) {
    write_error(fmt::format("pgconvoy: this is a bug: {}\n", failure.what()));
    return kSomeFailed;
  }
}

}  // namespace pgconvoy::cli
