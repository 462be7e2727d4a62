#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "cli/commands.hpp"
#include "cli/confirm.hpp"
#include "cli/planning.hpp"
#include "cli/run_loop.hpp"
#include "cli/show_report.hpp"
#include "engine/report/check_report.hpp"
#include "engine/report/findings_report.hpp"
#include "engine/report/plan_report.hpp"
#include "engine/report/run_summary.hpp"
#include "engine/report/text.hpp"

namespace pgconvoy::cli {
namespace {

struct RunCommandOptions {
  PlanningOptions planning;
  std::string plan;
  bool yes = false;
};

struct Chosen {
  std::int64_t run = 0;
  Plan plan;
  int not_offered = 0;
};

Result<Chosen> stored(Journal& journal, const GlobalOptions& globals, const std::string& name) {
  Chosen chosen;
  TRY(chosen.run, find_run(journal, name));
  TRY(const RunRecord record, journal.run(chosen.run));
  if (record.state != RunState::planned)
    return Error(ErrorKind::refused, fmt::format("{} was started already, it is {}", record.name, to_string(record.state)),
                 fmt::format("pgconvoy status {0}{1}, pgconvoy resume {0}{1}", record.name, globals.journal_option()));
  TRY(chosen.plan, load_plan(journal, record));
  return chosen;
}

// The one question, with what can't be taken back; the summary above it may be switched off.
std::string question(const Output& output, const Plan& plan) {
  const auto total = static_cast<std::int64_t>(plan.targets.size());
  const json parameters = report::effective_parameters(plan);
  std::string text;
  if (!output.text() || output.quiet) text = fmt::format("{}.\n", fmt::join(report::parameters_in_words(parameters), ", "));
  if (report::drops_at_once(parameters)) text += "Old databases are dropped at once (retention 0). ";
  return text + fmt::format("Move {} now?", report::count(total, "target"));
}

void show(const GlobalOptions& globals, const Chosen& chosen) {
  if (!globals.output.text() || globals.output.quiet) return;
  const report::Style style = globals.output.style();
  const report::PlanView view{chosen.plan, chosen.run, chosen.not_offered, globals.output.verbose, text_width(),
                              globals.journal_option()};
  report::FindingsText findings(style, view.width, view.verbose);
  std::string text;
  for (const PlannedTarget& planned : chosen.plan.targets) text += findings.of(planned);
  if (!text.empty()) text += "\n";
  text += report::plan_summary_text(view, style);
  write_out(fmt::format("{}run r{}; pgconvoy status r{}{} follows it from elsewhere\n", text, chosen.run, chosen.run,
                        globals.journal_option()));
}

int run_command(const GlobalOptions& globals, const RunCommandOptions& options) {
  const Output& output = globals.output;
  if (auto usable = check_journal(globals); !usable) return fail(output, usable.error());
  Application application(globals.seams);
  Chosen chosen;
  if (options.plan.empty()) {
    auto planned = plan_from_options(application, globals, options.planning, [&] { return can_confirm(options.yes); });
    if (!planned) return fail(output, planned.error());
    if (all_blocked(planned->plan)) {
      const report::CheckView view{planned->plan, planned->not_offered, text_width(), output.verbose};
      if (output.text())
        write_out(report::check_text(view, output.style()));
      else
        write_json(output, report::check_json(view));
      print_error(output, everything_is_blocked(planned->plan, "run"));
      return kBlocked;
    }
    chosen.plan = std::move(planned->plan);
    chosen.not_offered = planned->not_offered;
  }
  auto journal = open_journal(globals, OpenMode::create);
  if (!journal) return fail(output, journal.error());
  if (options.plan.empty()) {
    auto id = store_plan(**journal, chosen.plan, SystemClock());
    if (!id) return fail(output, id.error());
    chosen.run = *id;
  } else {
    auto found = stored(**journal, globals, options.plan);
    if (!found) return fail(output, found.error());
    chosen = *std::move(found);
    if (auto answered = can_confirm(options.yes); !answered) return fail(output, answered.error());
  }
  show(globals, chosen);
  if (!options.yes && !confirm(question(output, chosen.plan))) {
    write_error(fmt::format("nothing was changed; the plan is kept: pgconvoy run --plan r{}{}\n", chosen.run,
                            globals.journal_option()));
    return kBadInput;
  }
  RunRequest request;
  request.run = chosen.run;
  return run_to_end(application, globals, **journal, std::move(chosen.plan), request);
}

}  // namespace

void add_run(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("run", "Carry a runbook out on every selected target");
  auto options = std::make_shared<RunCommandOptions>();
  add_planning(*command, options->planning);
  CLI::Option* plan = command->add_option("--plan", options->plan, "Run exactly this stored plan")->type_name("RUN")->group("Run");
  // A stored plan holds all of these already.
  for (CLI::Option* option : command->get_options())
    if (option != plan && option != command->get_help_ptr()) plan->excludes(option);
  command->add_flag("-y,--yes", options->yes, "Don't ask")->group("Run");
  add_globals(*command, invocation.globals);
  command->footer(
      "Examples:\n"
      "  pgconvoy run -f fleet.yaml --runbook postgres-13-to-15\n"
      "  pgconvoy run -f fleet.yaml --runbook postgres-13-to-15 --limit @tonight.txt --max-failures 2% --yes\n"
      "  pgconvoy run --plan r7\n"
      "  pgconvoy run --source postgresql://admin@old:5432 --target postgresql://admin@new:5432 --database 'shop*'\n"
      "Ctrl-C once: nothing new starts, what is in flight finishes. Twice: stops at once; pgconvoy resume goes on.");
  command->callback(
      [&invocation, options] { invocation.action = [&invocation, options] { return run_command(invocation.globals, *options); }; });
}

}  // namespace pgconvoy::cli
