// What plan, check and run have in common: from options to a plan.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "cli/application.hpp"
#include "cli/options.hpp"
#include "runbooks/planner.hpp"
#include "runbooks/sample.hpp"
#include "runbooks/yaml.hpp"

namespace pgconvoy::cli {

struct PlanningOptions {
  FleetOptions fleet;
  Selection selection;
  RunbookOptions runbook;
  RunChoices choices;
  std::optional<std::set<std::string>> settled;  // see PlanRequest
  bool shipped_estimates = false;  // not those that the journal's runs have taught
  bool forecast = false;           // the run is simulated, and its forecast put into the plan
  struct RehearsalChoices {
    bool keep_backup = false;
    std::optional<SampleOrder> sample;
  };
  std::optional<RehearsalChoices> rehearsal;  // of the runbook, in its place
  bool trial = false;  // trial_restore is one of the preconditions: it writes to the target servers
};
void add_planning(CLI::App& command, PlanningOptions& options);

// A built-in runbook or one from a file, parameters put in. Error usage, with every problem of a file.
Result<Runbook> load_runbook(const Application& application, const RunbookOptions& options);
// The same without parameters put in, and not validated.
Result<Runbook> read_runbook(const Application& application, const std::string& name_or_file);

// How a run names the fleet that it is for: the absolute path of its file, or the two servers.
std::string name_of_fleet(const FleetOptions& options);

Result<Fleet> read_fleet_file(const std::string& file);

// The same file with every problem in its place; a built-in runbook has none. Error usage for a name that isn't one, and
// for a file that can't be read.
Result<ParsedRunbook> parse_runbook_file(const Application& application, const std::string& name_or_file);

// What a server refused for want of a password gets a remedy that names the ways to give one.
Error with_ways_to_log_in(Error failure, const std::string& server);

// Without a target that could be moved there is nothing to run.
bool all_blocked(const Plan& plan);
Error everything_is_blocked(const Plan& plan, const std::string& command);

// Databases are never moved to an older version. Error usage.
Result<void> check_direction(int source_major, int target_major);

// Fleet, runbook, plan. Shows on a terminal how far it is. Writes nothing.
// `before_reading` is asked when everything that was typed is known to be good and no target was looked at yet.
Result<PlanResult> plan_from_options(Application& application, const GlobalOptions& globals, const PlanningOptions& options,
                                     std::function<Result<void>()> before_reading = {});

// A journal that is there must be readable, before a survey of many minutes; one that isn't will be made.
Result<void> check_journal(const GlobalOptions& globals);

// Makes the run in the journal. Returns its id.
Result<std::int64_t> store_plan(Journal& journal, const Plan& plan, const Clock& clock);

}  // namespace pgconvoy::cli
