#include <fmt/format.h>

#include <filesystem>

#include "cli/commands.hpp"
#include "cli/confirm.hpp"
#include "cli/journal_apart.hpp"
#include "cli/killed_rehearsals.hpp"
#include "cli/planning.hpp"
#include "cli/run_loop.hpp"
#include "cli/shared_part.hpp"
#include "cli/show_report.hpp"
#include "engine/report/check_report.hpp"
#include "engine/report/findings_report.hpp"
#include "engine/report/rehearsal_text.hpp"
#include "engine/report/text.hpp"

namespace pgconvoy::cli {
namespace {

struct RehearseOptions {
  PlanningOptions planning;
  std::string sample, lease;
  bool keep_backup = false, yes = false;
};

// What fails is what a rehearsal is for: it holds up no other. Its time is anybody's, and no test target goes first.
void set_usual_choices(RunOptions& options) {
  options.max_failures = "100%";
  options.windows = "always";
  options.test_first = false;
}

Result<void> check_options(RehearseOptions& options) {
  options.planning.rehearsal.emplace();
  options.planning.rehearsal->keep_backup = options.keep_backup;
  if (!options.sample.empty()) {
    TRY(options.planning.rehearsal->sample, parse_sample(options.sample));
  }
  if (options.planning.choices.options.on_failure == "leave")
    return Error(ErrorKind::usage, "--on-failure leave would leave scratch databases on the target servers: a rehearsal leaves nothing",
                 "pgconvoy logs RUN TARGET says what failed");
  return {};
}

int show_blocked(const GlobalOptions& globals, const PlanResult& planned) {
  const report::CheckView view{planned.plan, planned.not_offered, text_width(), globals.output.verbose};
  if (globals.output.text())
    write_out(report::check_text(view, globals.output.style()));
  else
    write_json(globals.output, report::check_json(view));
  print_error(globals.output, everything_is_blocked(planned.plan, "rehearse"));
  return kBlocked;
}

void show(const GlobalOptions& globals, const PlanResult& planned, const RehearseOptions& options, std::int64_t run, const std::string& token) {
  if (!globals.output.text() || globals.output.quiet) return;
  const report::Style style = globals.output.style();
  const report::PlanView view{planned.plan, run, planned.not_offered, globals.output.verbose, text_width(), globals.journal_option()};
  const auto& sample = options.planning.rehearsal->sample;
  const report::RehearsalView rehearsal{token, sample ? to_words(*sample) : "", planned.sampled_from, options.keep_backup};
  report::FindingsText findings(style, view.width, view.verbose);
  std::string text;
  for (const PlannedTarget& target : planned.plan.targets) text += findings.of(target);
  if (!text.empty()) text += "\n";
  text += report::rehearsal_text(view, rehearsal, style);
  write_out(fmt::format("{}rehearsal r{}; pgconvoy status r{}{} follows it from elsewhere\n", text, run, run, globals.journal_option()));
}

int rehearse(const GlobalOptions& globals, RehearseOptions options) {
  const Output& output = globals.output;
  const auto lease = lease_of(options.lease);
  if (!lease) return fail(output, lease.error());
  if (auto known = check_options(options); !known) return fail(output, known.error());
  if (auto usable = check_journal(globals); !usable) return fail(output, usable.error());
  Application application(globals.seams);
  auto planned = plan_from_options(application, globals, options.planning, [&] { return can_confirm(options.yes); });
  if (!planned) return fail(output, planned.error());
  if (all_blocked(planned->plan)) return show_blocked(globals, *planned);
  if (auto apart = check_journal_is_apart(application, globals, planned->plan); !apart) return fail(output, apart.error());
  auto journal = open_journal(globals, OpenMode::create);
  if (!journal) return fail(output, journal.error());
  const auto run = store_plan(**journal, planned->plan, SystemClock());
  if (!run) return fail(output, run.error());
  show(globals, *planned, options, *run, (*journal)->token());
  const auto targets = static_cast<std::int64_t>(planned->plan.targets.size());
  if (!options.yes && !confirm(fmt::format("Rehearse {} now?", report::count(targets, "target")))) {
    write_error("nothing was changed\n");
    return kBadInput;
  }
  if (auto removed = remove_killed_rehearsals(application, globals, **journal); !removed) return fail(output, removed.error());
  RunRequest request;
  request.run = *run;
  request.lease = *lease;
  const std::filesystem::path folder = std::filesystem::path(planned->plan.options.backup_directory) / fmt::format("{}-r{}", (*journal)->token(), *run);
  const int code = run_to_end(application, globals, **journal, std::move(planned->plan), request);
  std::error_code ignored;
  std::filesystem::remove(folder, ignored);  // only when it is empty
  return code;
}

}  // namespace

void add_rehearse(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("rehearse", "Back up and restore a copy of each target, with its application untouched, and remove it again");
  auto options = std::make_shared<RehearseOptions>();
  set_usual_choices(options->planning.choices.options);
  add_planning(*command, options->planning);
  command->add_option("--sample", options->sample, "Only some of the selected targets: of every region and every size a share (5%) or a number")
      ->type_name("N|P%")->group("Selection");
  command->add_flag("--keep-backup", options->keep_backup, "The backups stay, as those of a run do")->group("Run");
  command->add_flag("-y,--yes", options->yes, "Don't ask")->group("Run");
  add_lease(*command, options->lease);
  add_globals(*command, invocation.globals);
  add_log_format(*command, invocation.globals);
  command->footer(
      "Examples:\n"
      "  pgconvoy rehearse -f fleet.yaml --runbook postgres-13-to-15 --sample 5%\n"
      "  pgconvoy rehearse -f fleet.yaml --runbook postgres-13-to-15 --limit shop-live --yes\n"
      "  pgconvoy rehearse -f fleet.yaml --runbook postgres-13-to-15 --sample 20 --throttle-when 'active>50' --concurrency 2\n"
      "For each target: a moment of the live source is held as a dump holds it, recorded and dumped; restored to a scratch database\n"
      "on the real target server, analysed, compared; then scratch database, roles and backup are removed, whatever happened.\n"
      "No application is paused, no page shown, nothing changed on the old server. Exit code 1 when something would have failed.\n"
      "Windows of the fleet file don't hold it back unless --window does. See docs/rehearsal.md.");
  command->callback(
      [&invocation, options] { invocation.action = [&invocation, options] { return rehearse(invocation.globals, *options); }; });
}

}  // namespace pgconvoy::cli
