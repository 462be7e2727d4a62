#include <fmt/format.h>

#include <algorithm>

#include "cli/commands.hpp"
#include "cli/forecasting.hpp"
#include "cli/journal_apart.hpp"
#include "cli/planning.hpp"
#include "cli/show_report.hpp"
#include "engine/fleet/nearest.hpp"
#include "engine/report/estimate_report.hpp"
#include "engine/report/forecast_report.hpp"
#include "engine/report/plan_report.hpp"

namespace pgconvoy::cli {
namespace {

struct PlanCommandOptions {
  PlanningOptions planning;
  std::vector<std::string> what_if;
  std::string explain, prices;
};

// What was asked beside the plan itself.
struct Asked {
  std::vector<WhatIf> what_if;
  std::optional<PlanCost> cost;
  const PlannedTarget* explained = nullptr;
};

Result<const PlannedTarget*> planned_target_named(const Plan& plan, const std::string& id) {
  std::vector<std::string_view> ids;
  for (const PlannedTarget& planned : plan.targets) {
    if (planned.target.id == id) return &planned;
    ids.push_back(planned.target.id);
  }
  return Error(ErrorKind::usage, fmt::format("--explain-estimate {}: the plan has no such target{}", in_quotes(id), did_you_mean(id, ids)));
}

Result<Asked> answer(const PlanCommandOptions& options, const Plan& plan, const std::optional<PriceBook>& prices, WallTime now) {
  Asked asked;
  for (const std::string& each : options.what_if) {
    TRY(WhatIf answered, what_if(plan, each, simulation_of(plan, now)));
    asked.what_if.push_back(std::move(answered));
  }
  if (!options.explain.empty()) {
    TRY(asked.explained, planned_target_named(plan, options.explain));
  }
  if (prices) asked.cost = cost_of(plan, *prices);
  return asked;
}

std::string text_of(const Asked& asked, const EstimateModel& model, const Output& output) {
  const report::Style style = output.style();
  const std::size_t width = text_width();
  std::string text;
  if (asked.explained) text += "\n" + report::explained_text(*asked.explained, model, style, width);
  for (const WhatIf& each : asked.what_if) text += "\n" + report::what_if_text(each, style, width);
  if (asked.cost) text += "\n" + report::cost_text(*asked.cost, style, width, output.verbose);
  return text;
}

json json_of(const report::PlanView& view, const Asked& asked, const EstimateModel& model) {
  json document = report::plan_json(view);
  if (asked.explained) document["explained"] = report::explained_json(*asked.explained, model);
  for (const WhatIf& each : asked.what_if) document["what_if"].push_back(report::what_if_json(each));
  if (asked.cost) document["cost"] = report::cost_json(*asked.cost);
  return document;
}

// Everything that was typed wrong is said before a server is read.
Result<std::optional<PriceBook>> check_questions(const PlanCommandOptions& options) {
  for (const std::string& each : options.what_if) {
    TRY_VOID(what_if(Plan{}, each, SimulationRequest{}));
  }
  if (options.prices.empty()) return std::optional<PriceBook>();
  TRY(PriceBook book, read_prices(options.prices));
  return std::optional<PriceBook>(std::move(book));
}

int plan(const GlobalOptions& globals, PlanCommandOptions options) {
  Application application(globals.seams);
  if (auto usable = check_journal(globals); !usable) return fail(globals.output, usable.error());
  auto prices = check_questions(options);
  if (!prices) return fail(globals.output, prices.error());
  options.planning.forecast = true;
  auto planned = plan_from_options(application, globals, options.planning);
  if (!planned) return fail(globals.output, planned.error());
  if (auto apart = check_journal_is_apart(application, globals, planned->plan); !apart) return fail(globals.output, apart.error());
  auto asked = answer(options, planned->plan, *prices, std::chrono::system_clock::now());
  if (!asked) return fail(globals.output, asked.error());
  auto journal = open_journal(globals, OpenMode::create);
  if (!journal) return fail(globals.output, journal.error());
  auto run = store_plan(**journal, planned->plan, SystemClock());
  if (!run) return fail(globals.output, run.error());

  const report::PlanView view{planned->plan, *run, planned->not_offered, globals.output.verbose, text_width(),
                              globals.journal_option()};
  if (globals.format == "csv")
    write_out(report::plan_csv(planned->plan, asked->cost ? &*asked->cost : nullptr));
  else if (globals.output.text())
    // What blocks is a result too.
    write_out((globals.output.quiet && !all_blocked(planned->plan) ? report::plan_summary_text(view, globals.output.style())
                                                                   : report::plan_text(view, globals.output.style())) +
              text_of(*asked, planned->model, globals.output));
  else
    write_json(globals.output, json_of(view, *asked, planned->model));
  if (!all_blocked(planned->plan)) return kSuccess;
  print_error(globals.output, everything_is_blocked(planned->plan, "plan"));
  return kBlocked;
}

}  // namespace

void add_plan(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("plan", "What a run would do: order, steps, findings, durations, downtime, cost. Changes nothing");
  auto options = std::make_shared<PlanCommandOptions>();
  add_planning(*command, options->planning);
  const std::string group = "Forecast";
  command->add_option("--what-if", options->what_if, "The same plan with other values of a setting of pgconvoy set, simulated: concurrency=2,4,8")
      ->type_name("SETTING=LIST")->group(group)->allow_extra_args(false);
  command->add_option("--explain-estimate", options->explain, "What the estimate of this target is made of, and where each figure comes from")
      ->type_name("TARGET")->group(group);
  command->add_option("--prices", options->prices, "A price book: what the run costs, by region and target")->type_name("FILE")->group(group);
  add_globals(*command, invocation.globals, {"text", "json", "jsonl", "csv"});
  command->footer(
      "Examples:\n"
      "  pgconvoy plan -f fleet.yaml --runbook postgres-13-to-15\n"
      "  pgconvoy plan -f fleet.yaml --runbook postgres-13-to-15 --region eu-west --limit 'shop-*' --set retention=0\n"
      "  pgconvoy plan -f fleet.yaml --runbook postgres-13-to-15 --what-if concurrency-per-region=2,4,8 --explain-estimate shop-live\n"
      "  pgconvoy plan -f fleet.yaml --runbook postgres-13-to-15 --prices prices.yaml --output csv > cost.csv\n"
      "  pgconvoy plan --source postgresql://admin@old:5432 --target postgresql://admin@new:5432\n"
      "The plan is kept in the journal: pgconvoy run --plan RUN does exactly what was shown.\n"
      "Exit code 4 when every target is blocked by a precondition.");
  command->callback(
      [&invocation, options] { invocation.action = [&invocation, options] { return plan(invocation.globals, *options); }; });
}

}  // namespace pgconvoy::cli
