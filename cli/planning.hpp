// What plan, check and run have in common: from options to a plan.
#pragma once

#include "cli/application.hpp"
#include "cli/options.hpp"
#include "runbooks/planner.hpp"

namespace pgconvoy::cli {

struct PlanningOptions {
  FleetOptions fleet;
  Selection selection;
  RunbookOptions runbook;
  RunChoices choices;
};
void add_planning(CLI::App& command, PlanningOptions& options);

// A built-in runbook or one from a file, parameters put in. Error usage, with every problem of a file.
Result<Runbook> load_runbook(const Application& application, const RunbookOptions& options);
// The same without parameters put in, and not validated.
Result<Runbook> read_runbook(const Application& application, const std::string& name_or_file);

Result<Fleet> read_fleet_file(const std::string& file);

// Fleet, runbook, plan. Shows on a terminal how far it is. Writes nothing.
Result<PlanResult> plan_from_options(Application& application, const GlobalOptions& globals, const PlanningOptions& options);

// A journal that is there must be readable, before a survey of many minutes; one that isn't will be made.
Result<void> check_journal(const GlobalOptions& globals);

// Makes the run in the journal. Returns its id.
Result<std::int64_t> store_plan(Journal& journal, const Plan& plan, const Clock& clock);

}  // namespace pgconvoy::cli
