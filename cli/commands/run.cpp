#include <fmt/format.h>

#include <iostream>

#include "cli/commands.hpp"
#include "cli/planning.hpp"
#include "cli/run_loop.hpp"
#include "engine/report/plan_report.hpp"

namespace pgconvoy::cli {
namespace {

struct RunCommandOptions {
  PlanningOptions planning;
  std::string plan;
  bool yes = false;
};

bool confirmed() {
  write_error("Go on? [y/N] ");
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

int run_command(const GlobalOptions& globals, const RunCommandOptions& options) {
  Application application;
  if (!options.yes && !stdin_is_terminal())
    return fail(globals.output, Error(ErrorKind::usage, "there is no terminal to ask on", "run with --yes, after pgconvoy plan has shown what it does"));
  auto journal = open_journal(globals.journal_uri(), OpenMode::create);
  if (!journal) return fail(globals.output, journal.error());
  std::int64_t id = 0;
  if (options.plan.empty()) {
    auto planned = plan_from_options(application, globals, options.planning);
    if (!planned) return fail(globals.output, planned.error());
    auto stored = store_plan(**journal, planned->plan, SystemClock());
    if (!stored) return fail(globals.output, stored.error());
    id = *stored;
  } else {
    auto found = find_run(**journal, options.plan);
    if (!found) return fail(globals.output, found.error());
    id = *found;
  }
  auto record = (*journal)->run(id);
  if (!record) return fail(globals.output, record.error());
  auto plan = load_plan(**journal, *record);
  if (!plan) return fail(globals.output, plan.error());
  if (!globals.output.quiet && globals.output.text()) {
    report::PlanView view{*plan, id, 0, globals.output.verbose};
    write_out(report::plan_text(view, globals.output.style()));
  }
  if (!options.yes && !confirmed()) return kBadInput;
  RunRequest request;
  request.run = id;
  return run_to_end(application, globals, **journal, *std::move(plan), request);
}

}  // namespace

void add_run(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("run", "Carry a runbook out on every selected target");
  auto options = std::make_shared<RunCommandOptions>();
  add_planning(*command, options->planning);
  command->add_option("--plan", options->plan, "Run exactly this stored plan")->type_name("RUN")->group("Run");
  command->add_flag("-y,--yes", options->yes, "Don't ask")->group("Run");
  add_globals(*command, invocation.globals);
  command->callback(
      [&invocation, options] { invocation.action = [&invocation, options] { return run_command(invocation.globals, *options); }; });
}

}  // namespace pgconvoy::cli
