#include "cli/options.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <random>

#include "engine/fleet/nearest.hpp"
#include "engine/report/run_report.hpp"

namespace pgconvoy::cli {
namespace {

std::string from_environment(const char* name, const char* fallback) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : fallback;
}

constexpr const char* kEverywhere = "Everywhere";

}  // namespace

std::string GlobalOptions::journal_uri() const {
  return journal.empty() ? from_environment("PGCONVOY_JOURNAL", "pgconvoy-journal.db") : journal;
}

std::string GlobalOptions::journal_option() const {
  return journal.empty() ? "" : " --journal " + report::shell_argument(journal);
}

void add_globals(CLI::App& command, GlobalOptions& globals, std::vector<std::string> formats) {
  command.add_option("--journal", globals.journal, "The journal (PGCONVOY_JOURNAL, else ./pgconvoy-journal.db)")
      ->type_name("URI")
      ->group(kEverywhere);
  command.add_option("--output", globals.format, "What to write: " + CLI::detail::join(formats, ", "))
      ->type_name("FORMAT")
      ->check(CLI::IsMember(formats).description(""))
      ->group(kEverywhere);
  command.add_option("--color", globals.output.color, "auto, always or never (NO_COLOR counts too)")
      ->type_name("WHEN")
      ->check(CLI::IsMember({"auto", "always", "never"}).description(""))
      ->group(kEverywhere);
  command.add_flag("-q,--quiet", globals.output.quiet, "Only results and errors")->group(kEverywhere);
  command.add_flag("-v,--verbose", globals.output.verbose, "More detail")->group(kEverywhere);
}

void add_fleet(CLI::App& command, FleetOptions& fleet, bool with_ad_hoc) {
  auto* file = command.add_option("-f,--fleet", fleet.file, "The fleet file")->type_name("FILE")->group("Fleet");
  if (!with_ad_hoc) return;
  auto* source = command.add_option("--source", fleet.source, "Without a file: the server to leave")
                     ->type_name("URL")
                     ->group("Fleet")
                     ->excludes(file);
  auto* target = command.add_option("--target", fleet.target, "Without a file: the server to move to")
                     ->type_name("URL")
                     ->group("Fleet")
                     ->excludes(file);
  source->needs(target);
  target->needs(source);
  command.add_option("--database", fleet.database, "Which databases of --source (default: all)")
      ->type_name("GLOB")
      ->group("Fleet")
      ->needs(source);
}

void add_selection(CLI::App& command, Selection& selection) {
  command.add_option("--region", selection.regions, "Only this region (may be repeated)")
      ->type_name("REGION")
      ->group("Selection")
      ->allow_extra_args(false);
  command.add_option("--limit", selection.limit, "Only targets with a matching id, or those listed in FILE")
      ->type_name("GLOB|@FILE")
      ->group("Selection")
      ->allow_extra_args(false);
  command.add_option("--exclude", selection.exclude, "Not these targets")
      ->type_name("GLOB|@FILE")
      ->group("Selection")
      ->allow_extra_args(false);
}

void add_runbook(CLI::App& command, RunbookOptions& runbook) {
  command.add_option("--runbook", runbook.name, "Name of a runbook (pgconvoy runbook list), or a file")
      ->type_name("NAME|FILE")
      ->group("Runbook");
  command.add_option("--set", runbook.set, "A parameter of the runbook, such as retention=0 (may be repeated)")
      ->type_name("NAME=VALUE")
      ->group("Runbook")
      ->allow_extra_args(false);
}

void add_run_choices(CLI::App& command, RunChoices& choices) {
  const std::string group = "Run";
  RunOptions& options = choices.options;
  command.add_option("--concurrency", options.concurrency, "Targets at a time, over all regions")
      ->type_name("N")->check(CLI::Range(1, 10000).description(""))->group(group)->capture_default_str();
  command.add_option("--concurrency-per-region", options.concurrency_per_region,
                     "Targets at a time in a region that doesn't say its own limit")
      ->type_name("N")->check(CLI::Range(1, 10000).description(""))->group(group)->capture_default_str();
  command.add_option("--max-failures", options.max_failures, "More failures than that start no new target")
      ->type_name("N|P%")->group(group)->capture_default_str();
  command.add_option("--seed", choices.seed, "Repeats the order of another plan (default: drawn, and shown)")
      ->type_name("N")->group(group);
  command.add_option("--backup-directory", options.backup_directory,
                     "Where backups go (PGCONVOY_BACKUP_DIRECTORY, else ./pgconvoy-backups)")
      ->type_name("DIR")->group(group);
  command.add_option("--on-failure", options.on_failure, "rollback, or leave the target as it is to look at it")
      ->type_name("WHAT")->check(CLI::IsMember({"rollback", "leave"}).description(""))->group(group)->capture_default_str();
  command.add_option("--override", choices.overrides, "Go on although this precondition blocks; the reason is kept")
      ->type_name("CONDITION=REASON")->group(group)->allow_extra_args(false);
}

void add_run_argument(CLI::App& command, RunArgument& argument, bool run_required, bool with_target) {
  auto* run = command.add_option("RUN", argument.run, "r7, or 7; the latest one when left out")->type_name("");
  if (run_required) run->required()->description("r7, or 7");
  if (with_target) command.add_option("TARGET", argument.target, "Id of one target of the run")->type_name("");
}

Result<json> split_pairs(const std::string& option, const std::vector<std::string>& pairs) {
  json values = json::object();
  for (const std::string& pair : pairs) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0)
      return Error(ErrorKind::usage, fmt::format("{} {} is not of the form NAME=VALUE", option, in_quotes(pair)));
    values[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return values;
}

Result<RunOptions> RunChoices::complete() const {
  RunOptions complete = options;
  // 20 bits: short enough to be typed again.
  std::random_device random;
  complete.seed = seed ? *seed : ((std::uint64_t(random()) << 32 | random()) >> 44);
  TRY(const json reasons, split_pairs("--override", overrides));
  for (const auto& entry : reasons.items()) complete.overrides[entry.key()] = entry.value().get<std::string>();
  if (complete.backup_directory.empty())
    complete.backup_directory = from_environment("PGCONVOY_BACKUP_DIRECTORY", "pgconvoy-backups");
  std::error_code failure;
  const std::filesystem::path absolute = std::filesystem::absolute(complete.backup_directory, failure);
  if (failure)
    return Error(ErrorKind::usage, fmt::format("--backup-directory {}: {}", in_quotes(complete.backup_directory), failure.message()));
  complete.backup_directory = absolute.lexically_normal().string();
  return complete;
}

}  // namespace pgconvoy::cli
