#include "cli/options.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <random>

#include "engine/fleet/duration.hpp"
#include "engine/fleet/nearest.hpp"
#include "engine/plan/run_settings.hpp"
#include "engine/report/run_report.hpp"
#include "engine/run/findings.hpp"

namespace pgconvoy::cli {
namespace {

std::string from_environment(const char* name, const char* fallback) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : fallback;
}

constexpr const char* kEverywhere = "Everywhere";
constexpr const char* kBudgetCondition = "downtime_within_budget";

// CLI11's own messages name neither the value nor what is wanted, and its conversion takes -1 for a huge number.
CLI::Option* whole_number(CLI::Option* option, std::uint64_t least, std::uint64_t most) {
  return option->check([least, most](const std::string& text) -> std::string {
    std::uint64_t number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem == std::errc() && end == text.data() + text.size() && number >= least && number <= most) return {};
    const std::string limits = most == std::numeric_limits<std::uint64_t>::max() ? fmt::format("from {} on", least)
                                                                                  : fmt::format("from {} to {}", least, most);
    return fmt::format("must be a whole number {}, not {}", limits, in_quotes(text));
  });
}

std::string problem_of_duration(const std::string& text) {
  if (parse_short_duration(text)) return {};
  return fmt::format("{} is not a duration: 90d, 12h, 30m", in_quotes(text));
}

}  // namespace

Result<std::string> absolute_backup_directory(const std::string& given, const std::string& fleets) {
  std::string directory = given;
  if (directory.empty()) directory = from_environment("PGCONVOY_BACKUP_DIRECTORY", fleets.empty() ? "pgconvoy-backups" : fleets.c_str());
  std::error_code failure;
  const std::filesystem::path absolute = std::filesystem::absolute(directory, failure);
  if (failure) return Error(ErrorKind::usage, fmt::format("--backup-directory {}: {}", in_quotes(directory), failure.message()));
  return absolute.lexically_normal().string();
}

std::string GlobalOptions::journal_uri() const {
  return journal.empty() ? from_environment("PGCONVOY_JOURNAL", "pgconvoy-journal.db") : journal;
}

std::string GlobalOptions::journal_option() const {
  return journal.empty() ? "" : " --journal " + report::shell_argument(journal);
}

Result<std::unique_ptr<Journal>> open_journal(const GlobalOptions& globals, OpenMode mode) {
  auto opened = pgconvoy::open_journal(globals.journal_uri(), mode);
  if (!opened) return opened;
  return through(globals.seams.journal, *std::move(opened));
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

void add_log_format(CLI::App& command, GlobalOptions& globals) {
  command.add_option_function<std::string>("--log-format", [&globals](const std::string& format) { globals.format = format == "json" ? "jsonl" : "text"; },
                                           "json: one object a line on stdout for all that happens, as --output jsonl")
      ->type_name("FORMAT")->check(CLI::IsMember({"text", "json"}).description(""))->group(kEverywhere);
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
  whole_number(command.add_option("--concurrency", options.concurrency, "Targets at a time, over all regions; a check, too, reads no more of them at a time"), 1, 10000)
      ->type_name("N")->group(group)->capture_default_str();
  whole_number(command.add_option("--concurrency-per-region", choices.per_region,
                                  fmt::format("Targets at a time in each region (default: what the fleet file says, else {})",
                                              options.concurrency_per_region)), 1, 10000)
      ->type_name("N")->group(group);
  command.add_option("--max-failures", options.max_failures,
                     "Stops when failures exceed it: no new target starts, what is in flight finishes. A server out of reach counts")
      ->type_name("N|P%")->check([](const std::string& text) { return problem_of_setting("max-failures", text); })->group(group)->capture_default_str();
  whole_number(command.add_option("--seed", choices.seed, "Repeats the order of another plan (default: drawn, and shown)"), 0,
               std::numeric_limits<std::uint64_t>::max())
      ->type_name("N")->group(group);
  command.add_option("--backup-directory", options.backup_directory,
                     "Where backups go (PGCONVOY_BACKUP_DIRECTORY, else what the fleet file says, else ./pgconvoy-backups)")
      ->type_name("DIR")->group(group);
  command.add_option("--backup-note", options.backup_note, "A word to whoever finds the backups, kept with each of them")
      ->type_name("TEXT")->group(group);
  command.add_option("--backup-retention", choices.backup_retention, "How long backups are kept: 90d (default: what the fleet file says)")
      ->type_name("DURATION")->check(problem_of_duration)->group(group);
  command.add_option("--way", options.way, "throughput (least work), short-pause (prepared beforehand; more work), or auto: by target")
      ->type_name("WAY")->check(CLI::IsMember({"throughput", "short-pause", "auto"}).description(""))->group(group)->capture_default_str();
  command.add_option("--on-failure", options.on_failure, "rollback, or leave the target as it is to look at it")
      ->type_name("WHAT")->check(CLI::IsMember({"rollback", "leave"}).description(""))->group(group)->capture_default_str();
  command.add_option("--override", choices.overrides, "Go on although this precondition blocks; the reason is kept")
      ->type_name("CONDITION=REASON")->group(group)->allow_extra_args(false);
  command.add_option("--over-budget", choices.over_budget,
                     "Move targets too whose foretold pause exceeds their downtime budget; the reason is kept")
      ->type_name("REASON")->group(group);
  add_rollout_choices(command, choices);
  command.add_option("--no-check", choices.no_check, "Go on whatever precondition blocks: what would fail fails. The reason is kept")
      ->type_name("REASON")->group(group);
}

void add_run_argument(CLI::App& command, RunArgument& argument, bool run_required, bool with_target,
                      const std::string& unnamed) {
  auto* run = command.add_option("RUN", argument.run, unnamed)->type_name("");
  if (run_required) run->required()->description("r7, or 7");
  if (with_target) command.add_option("TARGET", argument.target, "Id of one target of the run")->type_name("");
}

Result<json> split_pairs(const std::string& option, const std::vector<std::string>& pairs) {
  json values = json::object();
  for (const std::string& pair : pairs) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0)
      return Error(ErrorKind::usage, fmt::format("{} {} is not of the form NAME=VALUE", option, in_quotes(pair)));
    const std::string name = pair.substr(0, equals);
    if (values.contains(name))
      return Error(ErrorKind::usage, fmt::format("{} {} is given twice: {} and {}", option, in_quotes(name),
                                                 in_quotes(values[name].get<std::string>()), in_quotes(pair.substr(equals + 1))),
                   "give it once");
    values[name] = pair.substr(equals + 1);
  }
  return values;
}

Result<RunOptions> RunChoices::complete(const std::string& fleets_backup_directory) const {
  RunOptions complete = options;
  if (per_region) complete.concurrency_per_region = *per_region;
  // 20 bits: short enough to be typed again.
  std::random_device random;
  complete.seed = seed ? *seed : ((std::uint64_t(random()) << 32 | random()) >> 44);
  TRY(const json reasons, split_pairs("--override", overrides));
  for (const auto& entry : reasons.items()) complete.overrides[entry.key()] = entry.value().get<std::string>();
  if (!over_budget.empty()) {
    if (complete.overrides.contains(kBudgetCondition))
      return Error(ErrorKind::usage, fmt::format("--over-budget and --override {} both say why", kBudgetCondition), "give one of them");
    complete.overrides[kBudgetCondition] = over_budget;
  }
  if (!no_check.empty()) complete.overrides[kEveryCondition] = no_check;
  TRY(complete.backup_directory, absolute_backup_directory(complete.backup_directory, fleets_backup_directory));
  TRY_VOID(put_settings_into(complete));
  if (!backup_retention.empty()) complete.backup_retention = parse_short_duration(backup_retention)->count();
  return complete;
}

}  // namespace pgconvoy::cli
