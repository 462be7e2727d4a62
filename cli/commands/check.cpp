#include <algorithm>

#include "cli/commands.hpp"
#include "cli/planning.hpp"
#include "cli/show_report.hpp"
#include "engine/report/findings_report.hpp"

namespace pgconvoy::cli {
namespace {

int check(const GlobalOptions& globals, const PlanningOptions& options) {
  Application application(globals.seams);
  auto planned = plan_from_options(application, globals, options);
  if (!planned) return fail(globals.output, planned.error());
  const report::CheckView view{planned->plan, planned->not_offered, text_width(), globals.output.verbose};
  if (globals.output.text())
    write_out(report::check_text(view, globals.output.style()));
  else
    write_json(globals.output, report::check_json(view));
  const auto& targets = planned->plan.targets;
  const bool blocked = std::any_of(targets.begin(), targets.end(), [](const PlannedTarget& target) { return target.blocked(); });
  return blocked ? kBlocked : kSuccess;
}

}  // namespace

void add_check(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("check", "Facts and preconditions of every target. Changes nothing, keeps nothing");
  auto options = std::make_shared<PlanningOptions>();
  add_planning(*command, *options);
  add_globals(*command, invocation.globals);
  command->footer(
      "Examples:\n"
      "  pgconvoy check -f fleet.yaml --runbook postgres-13-to-15\n"
      "  pgconvoy check -f fleet.yaml --runbook postgres-13-to-15 --limit shop-live\n"
      "  pgconvoy check -f fleet.yaml --runbook postgres-13-to-15 --override disk_space='volume grows tonight'\n"
      "-v names the preconditions that hold, too. Exit code 4 when a precondition blocks.");
  command->callback(
      [&invocation, options] { invocation.action = [&invocation, options] { return check(invocation.globals, *options); }; });
}

}  // namespace pgconvoy::cli
