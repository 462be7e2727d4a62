#include "cli/commands.hpp"
#include "cli/journal_apart.hpp"
#include "cli/planning.hpp"
#include "cli/show_report.hpp"
#include "engine/report/plan_report.hpp"

namespace pgconvoy::cli {
namespace {

int plan(const GlobalOptions& globals, const PlanningOptions& options) {
  Application application(globals.seams);
  if (auto usable = check_journal(globals); !usable) return fail(globals.output, usable.error());
  auto planned = plan_from_options(application, globals, options);
  if (!planned) return fail(globals.output, planned.error());
  if (auto apart = check_journal_is_apart(application, globals, planned->plan); !apart) return fail(globals.output, apart.error());
  auto journal = open_journal(globals, OpenMode::create);
  if (!journal) return fail(globals.output, journal.error());
  auto run = store_plan(**journal, planned->plan, SystemClock());
  if (!run) return fail(globals.output, run.error());

  const report::PlanView view{planned->plan, *run, planned->not_offered, globals.output.verbose, text_width(),
                              globals.journal_option()};
  if (globals.output.text())
    // What blocks is a result too.
    write_out(globals.output.quiet && !all_blocked(planned->plan) ? report::plan_summary_text(view, globals.output.style())
                                                                  : report::plan_text(view, globals.output.style()));
  else
    write_json(globals.output, report::plan_json(view));
  if (!all_blocked(planned->plan)) return kSuccess;
  print_error(globals.output, everything_is_blocked(planned->plan, "plan"));
  return kBlocked;
}

}  // namespace

void add_plan(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("plan", "What a run would do: order, steps, findings, durations. Changes nothing");
  auto options = std::make_shared<PlanningOptions>();
  add_planning(*command, *options);
  add_globals(*command, invocation.globals);
  command->footer(
      "Examples:\n"
      "  pgconvoy plan -f fleet.yaml --runbook postgres-13-to-15\n"
      "  pgconvoy plan -f fleet.yaml --runbook postgres-13-to-15 --region eu-west --limit 'shop-*' --set retention=0\n"
      "  pgconvoy plan --source postgresql://admin@old:5432 --target postgresql://admin@new:5432\n"
      "The plan is kept in the journal: pgconvoy run --plan RUN does exactly what was shown.\n"
      "Exit code 4 when every target is blocked by a precondition.");
  command->callback(
      [&invocation, options] { invocation.action = [&invocation, options] { return plan(invocation.globals, *options); }; });
}

}  // namespace pgconvoy::cli
