#include <unistd.h>

#include <algorithm>
#include <optional>

#include "cli/commands.hpp"
#include "cli/planning.hpp"
#include "cli/show_report.hpp"
#include "cli/stop_signals.hpp"
#include "cli/stoppable_launcher.hpp"
#include "engine/fleet/nearest.hpp"
#include "engine/report/check_report.hpp"

namespace pgconvoy::cli {
namespace {

struct CheckOptions {
  PlanningOptions planning;
  std::string explain;  // name of a condition, or "all"
};

int explain(const GlobalOptions& globals, const std::string& name) {
  const Application application(globals.seams);
  std::vector<const Condition*> wanted;
  std::vector<std::string_view> names;
  std::vector<std::string> kept;
  for (const Condition* condition : application.conditions().all()) {
    kept.push_back(condition->name());
    if (name == "all" || condition->name() == name) wanted.push_back(condition);
  }
  names.assign(kept.begin(), kept.end());
  if (wanted.empty())
    return fail(globals.output, Error(ErrorKind::usage, fmt::format("there is no condition {}{}", in_quotes(name), did_you_mean(name, names)),
                                      "pgconvoy check --explain all names them"));
  if (globals.format == "markdown") {
    write_out(report::conditions_markdown(wanted));
    return kSuccess;
  }
  if (!globals.output.text()) {
    json document{{"version", 1}, {"kind", "conditions"}, {"conditions", json::array()}};
    for (const Condition* condition : wanted) {
      const ConditionPage page = condition->page();
      document["conditions"].push_back({{"name", condition->name()}, {"summary", condition->summary()}, {"why", page.why},
                                        {"reads", page.reads}, {"silent", page.silent}, {"remedies", page.remedies},
                                        {"sources", page.sources}, {"since", page.since}});
    }
    write_json(globals.output, document);
    return kSuccess;
  }
  std::string text;
  for (const Condition* condition : wanted)
    text += (text.empty() ? "" : "\n") + report::condition_page(*condition, globals.output.style(), text_width());
  write_out(text);
  return kSuccess;
}

void show(const GlobalOptions& globals, const Application& application, const PlanResult& planned, const std::string& fleet_file) {
  const report::CheckView view{planned.plan, planned.not_offered, text_width(), globals.output.verbose};
  if (globals.format == "sarif") {
    std::vector<const Condition*> conditions;
    for (const RunbookNode& node : planned.plan.runbook.preconditions)
      if (const Condition* condition = application.conditions().find(node.name)) conditions.push_back(condition);
    write_json(globals.output, report::check_sarif(view, conditions, fleet_file, PGCONVOY_VERSION));
  } else if (globals.output.text()) {
    write_out(report::check_text(view, globals.output.style()));
  } else if (globals.output.format == Format::jsonl) {
    for (const json& record : report::check_records(view)) write_json(globals.output, record);
  } else {
    write_json(globals.output, report::check_json(view));
  }
}

int check(const GlobalOptions& globals, const CheckOptions& options) {
  if (!options.explain.empty()) return explain(globals, options.explain);
  if (globals.format == "markdown")
    return fail(globals.output, Error(ErrorKind::usage, "--output markdown is for --explain", "--output text, json, jsonl or sarif"));
  // A trial is interrupted in order: what it made is removed first.
  StoppableLauncher* programs = nullptr;
  Seams seams = globals.seams;
  if (options.planning.trial)
    seams.processes = [&programs, given = globals.seams.processes](std::unique_ptr<ProcessLauncher> real) {
      auto stoppable = std::make_unique<StoppableLauncher>(through(given, std::move(real)));
      programs = stoppable.get();
      return stoppable;
    };
  Application application(seams);
  std::optional<StopSignals> signals;
  if (programs != nullptr)
    signals.emplace(
        application.loop(),
        [programs] {
          write_error("interrupted; what the trials made is removed first (again: at once)\n");
          programs->stop();
        },
        [] {
          write_error("stopped at once; the next check --trial removes what was left: pgconvoy_trial_... on the target servers\n");
          _exit(kInterrupted);
        });
  auto planned = plan_from_options(application, globals, options.planning);
  signals.reset();
  if (!planned) return fail(globals.output, planned.error());
  show(globals, application, *planned, options.planning.fleet.file);
  const auto& targets = planned->plan.targets;
  const bool blocked = std::any_of(targets.begin(), targets.end(), [](const PlannedTarget& target) { return target.blocked(); });
  return blocked ? kBlocked : kSuccess;
}

}  // namespace

void add_check(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("check", "Facts and preconditions of every target. Changes nothing, keeps nothing, unless --trial");
  auto options = std::make_shared<CheckOptions>();
  add_planning(*command, options->planning);
  command->add_option("--explain", options->explain, "The page behind a condition instead; all of them: all")->type_name("CONDITION");
  command->add_flag("--trial", options->planning.trial,
                    "Also restore each schema into a scratch database on its target server, and remove that again. The only check that writes");
  add_globals(*command, invocation.globals, {"text", "json", "jsonl", "sarif", "markdown"});
  command->footer(
      "Examples:\n"
      "  pgconvoy check -f fleet.yaml --runbook postgres-13-to-15\n"
      "  pgconvoy check -f fleet.yaml --runbook postgres-13-to-15 --limit shop-live\n"
      "  pgconvoy check -f fleet.yaml --runbook postgres-13-to-15 --override disk_space='volume grows tonight'\n"
      "  pgconvoy check -f fleet.yaml --runbook postgres-13-to-15 --output sarif > findings.sarif\n"
      "  pgconvoy check -f fleet.yaml --runbook postgres-13-to-15 --limit shop-live --trial\n"
      "  pgconvoy check --explain no_postfix_operators\n"
      "-v shows everything, the preconditions that hold among it. Exit code 4 when a precondition blocks. What is known and\n"
      "accepted stands in the fleet file (suppressions).");
  command->callback(
      [&invocation, options] { invocation.action = [&invocation, options] { return check(invocation.globals, *options); }; });
}

}  // namespace pgconvoy::cli
