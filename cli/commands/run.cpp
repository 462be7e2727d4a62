#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>

#include "cli/commands.hpp"
#include "cli/commands/run_continue.hpp"
#include "cli/confirm.hpp"
#include "cli/journal_apart.hpp"
#include "cli/owner_notices.hpp"
#include "cli/planning.hpp"
#include "cli/run_loop.hpp"
#include "cli/shared_part.hpp"
#include "cli/show_report.hpp"
#include "engine/core/host.hpp"
#include "engine/report/check_report.hpp"
#include "engine/report/findings_report.hpp"
#include "engine/report/plan_report.hpp"
#include "engine/plan/in_place.hpp"
#include "engine/report/run_summary.hpp"
#include "engine/report/text.hpp"
#include "engine/run/rehearsal.hpp"

namespace pgconvoy::cli {
namespace {

struct RunCommandOptions {
  PlanningOptions planning;
  std::string plan;
  std::string lease;
  bool yes = false, detach = false;
  bool goes_on = false;  // --continue
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
  return text + fmt::format("{} {} now?", is_rehearsal(plan.runbook.name) ? "Rehearse" : is_in_place(plan.requirements) ? "Work on" : "Move", report::count(total, "target"));
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

// Workers take targets of runs that have begun.
int begin_for_workers(const GlobalOptions& globals, Journal& journal, std::int64_t run) {
  Event event;
  event.run = run;
  event.kind = EventKind::run_started;
  event.at = journal.now();
  event.data = {{"detached", true}, {"host", this_host()}, {"pid", getpid()}, {"by", this_operator()}, {"version", PGCONVOY_VERSION}, {"direction", "forward"}};
  std::vector<Event> events{std::move(event)};
  if (auto begun = journal.append(events); !begun) return fail(globals.output, begun.error());
  if (globals.output.text())
    write_out(fmt::format("r{} has begun; workers carry it out: pgconvoy worker{}\n", run, globals.journal_option()));
  else
    write_json(globals.output, {{"version", 1}, {"kind", "run_begun"}, {"run", fmt::format("r{}", run)}});
  return kSuccess;
}

// Code of two things done one after the other: what went wrong of either.
int worse(int first, int second) { return first == kSuccess ? second : second == kSuccess ? first : std::max(first, second); }

// Of what earlier runs left: goes on with the one that isn't over, and finds what is to be planned anew. An exit code when
// that is all for now.
Result<std::optional<int>> go_on(Application& application, const GlobalOptions& globals, RunCommandOptions& options,
                                 Continuation& found, int& code) {
  auto journal = open_journal(globals, OpenMode::create);
  if (!journal) return journal.error();
  TRY(const Runbook runbook, load_runbook(application, options.planning.runbook));
  const std::string fleet = name_of_fleet(options.planning.fleet);
  TRY(const std::vector<Event> told, tell_owners_of_all(application, **journal, std::chrono::system_clock::now()));
  if (globals.output.text() && !globals.output.quiet && !told.empty())
    write_out(fmt::format("{} told\n", report::count(static_cast<std::int64_t>(told.size()), "notice")));
  TRY(found, find_continuation(**journal, globals, runbook.name, fleet));
  options.planning.settled = found.settled;
  if (!found.unfinished) return std::optional<int>();
  TRY_VOID(can_confirm(options.yes));
  TRY(const RunRecord record, (*journal)->run(*found.unfinished));
  TRY(Plan plan, load_plan(**journal, record));
  if (globals.output.text() && !globals.output.quiet) write_out(fmt::format("going on with {}\n", record.name));
  if (!options.yes && !confirm(fmt::format("Go on with {}?", record.name))) return std::optional<int>(kBadInput);
  RunRequest request;
  request.run = *found.unfinished;
  code = run_to_end(application, globals, **journal, std::move(plan), request);
  if (code != kSuccess && code != kSomeFailed && code != kBlocked) return std::optional<int>(code);
  // What has become of it decides on what is planned anew.
  TRY(found, find_continuation(**journal, globals, runbook.name, fleet));
  if (found.unfinished) return std::optional<int>(code);
  options.planning.settled = found.settled;
  return std::optional<int>();
}

void say_what_is_settled(const Output& output, const Continuation& found, bool nothing_left) {
  if (!output.text()) {
    if (nothing_left) write_json(output, {{"version", 1}, {"kind", "nothing_to_continue"}, {"run", found.last}, {"stuck", found.stuck}});
    return;
  }
  if (nothing_left) write_out(fmt::format("nothing is left to do{}\n", found.last.empty() ? "" : ": " + found.last + " was the last run"));
  if (!found.stuck.empty())
    write_error(fmt::format("{} stuck, and left to you: {}\n", report::count(static_cast<std::int64_t>(found.stuck.size()), "target"),
                            report::shown(fmt::format("{}", fmt::join(found.stuck, ", ")))));
}

int run_command(const GlobalOptions& globals, RunCommandOptions options) {
  const Output& output = globals.output;
  const auto lease = lease_of(options.lease);
  if (!lease) return fail(output, lease.error());
  if (auto usable = check_journal(globals); !usable) return fail(output, usable.error());
  Application application(globals.seams);
  Chosen chosen;
  Continuation continuation;
  int code = kSuccess;
  if (options.goes_on) {
    auto ended = go_on(application, globals, options, continuation, code);
    if (!ended) {
      print_error(output, ended.error());
      return ended.error().kind == ErrorKind::refused ? kHalted : kBadInput;
    }
    if (*ended) return **ended;
  }
  if (options.plan.empty()) {
    options.planning.forecast = true;
    auto planned = plan_from_options(application, globals, options.planning, [&] { return can_confirm(options.yes); });
    if (!planned) return fail(output, planned.error());
    if (options.goes_on) {
      const bool nothing_left = planned->plan.targets.empty();
      say_what_is_settled(output, continuation, nothing_left);
      if (nothing_left) return code;
      planned->plan.continues = continuation.last;
    }
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
  if (options.plan.empty())
    if (auto apart = check_journal_is_apart(application, globals, chosen.plan); !apart) return fail(output, apart.error());
  auto journal = open_journal(globals, OpenMode::create);
  if (!journal) return fail(output, journal.error());
  if (options.detach && shared(**journal) == nullptr)
    return fail(output, Error(ErrorKind::usage, "--detach leaves the work to workers, and a journal in a file belongs to one process",
                              "--journal postgresql://user@host:port/database, or without --detach"));
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
  if (options.detach) return begin_for_workers(globals, **journal, chosen.run);
  RunRequest request;
  request.run = chosen.run;
  request.lease = *lease;
  return worse(run_to_end(application, globals, **journal, std::move(chosen.plan), request), code);
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
  CLI::Option* goes_on = command->add_flag("--continue", options->goes_on,
                                           "What earlier runs of this runbook over this fleet left: goes on with one that isn't over, then "
                                           "plans what is new, failed or was skipped")->group("Run");
  plan->excludes(goes_on);
  command->add_flag("-y,--yes", options->yes, "Don't ask")->group("Run");
  command->add_flag("--detach", options->detach, "Begin the run and leave it to workers (a shared journal only)")->group("Run");
  add_lease(*command, options->lease);
  add_globals(*command, invocation.globals);
  add_log_format(*command, invocation.globals);
  command->footer(
      "Examples:\n"
      "  pgconvoy run -f fleet.yaml --runbook postgres-13-to-15\n"
      "  pgconvoy run -f fleet.yaml --runbook postgres-13-to-15 --limit @tonight.txt --max-failures 2% --yes\n"
      "  pgconvoy run --plan r7\n"
      "  pgconvoy run -f fleet.yaml --runbook postgres-13-to-15 --waves 3,10,25% --soak 10m --approve\n"
      "  pgconvoy run -f fleet.yaml --runbook postgres-13-to-15 --continue --yes\n"
      "  pgconvoy run --source postgresql://admin@old:5432 --target postgresql://admin@new:5432 --database 'shop*'\n"
      "Ctrl-C once: nothing new starts, what is in flight finishes. Twice: stops at once; pgconvoy resume goes on.");
  command->callback(
      [&invocation, options] { invocation.action = [&invocation, options] { return run_command(invocation.globals, *options); }; });
}

}  // namespace pgconvoy::cli
