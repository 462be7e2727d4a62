// Options that several commands share. Each group is data plus a function that adds it to a command.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/output.hpp"
#include "cli/seams.hpp"
#include "engine/fleet/select.hpp"
#include "engine/plan/plan.hpp"

namespace pgconvoy::cli {

// --journal, --output, --color, -q, -v: everywhere.
struct GlobalOptions {
  std::string journal;  // as given; journal_uri() knows the rest
  std::string format = "text";
  Output output;
  Seams seams;

  // The option, else PGCONVOY_JOURNAL, else ./pgconvoy-journal.db
  std::string journal_uri() const;
  // " --journal PATH" for commands that are to be typed next; "" when the environment says it.
  std::string journal_option() const;
};
// The journal that they name, through its seam.
Result<std::unique_ptr<Journal>> open_journal(const GlobalOptions& globals, OpenMode mode);

void add_globals(CLI::App& command, GlobalOptions& globals, std::vector<std::string> formats = {"text", "json", "jsonl"});

// --log-format json: what happens as a JSON object a line on stdout, as log collectors want it. The same as --output jsonl.
void add_log_format(CLI::App& command, GlobalOptions& globals);

// -f FILE, or --source and --target.
struct FleetOptions {
  std::string file, source, target, database = "*";

  bool ad_hoc() const { return !source.empty() || !target.empty(); }
};
void add_fleet(CLI::App& command, FleetOptions& fleet, bool with_ad_hoc = true);

// --region, --limit, --exclude
void add_selection(CLI::App& command, Selection& selection);

// --runbook, --set
struct RunbookOptions {
  std::string name;  // of a built-in one, or a file
  std::vector<std::string> set;
};
void add_runbook(CLI::App& command, RunbookOptions& runbook);

// How the run is to go: --concurrency and the like.
struct RunChoices {
  RunOptions options;
  std::optional<std::uint64_t> seed;
  std::optional<int> per_region;  // --concurrency-per-region, when it was given: it goes before the fleet file's
  std::vector<std::string> overrides;
  std::string no_check, over_budget;  // reasons
  std::string backup_retention;   // as given; "": the fleet's
  std::map<std::string, std::string> settings;  // of run_settings(), as given; "": as usual

  // The options as the plan keeps them: seed drawn, overrides split, directory absolute. Error usage.
  Result<RunOptions> complete(const std::string& fleets_backup_directory) const;
  Result<void> put_settings_into(RunOptions& changed) const;
};
void add_run_choices(CLI::App& command, RunChoices& choices);
void add_rollout_choices(CLI::App& command, RunChoices& choices);

// What was given, else PGCONVOY_BACKUP_DIRECTORY, else the fleet's, else ./pgconvoy-backups. Error usage.
Result<std::string> absolute_backup_directory(const std::string& given, const std::string& fleets);

// RUN and TARGET as positional arguments. `unnamed` says in the help which run is meant when none is named.
struct RunArgument {
  std::string run, target;
};
void add_run_argument(CLI::App& command, RunArgument& argument, bool run_required, bool with_target,
                      const std::string& unnamed = "r7, or 7; the latest one when left out");

// "key=value" pairs as JSON strings. Error usage for one without "=", and for a key that is given twice.
Result<json> split_pairs(const std::string& option, const std::vector<std::string>& pairs);

// What the command line chose to do; each command puts itself here.
struct Invocation {
  GlobalOptions globals;
  std::function<int()> action;
};

}  // namespace pgconvoy::cli
