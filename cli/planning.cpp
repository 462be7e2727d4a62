#include "cli/planning.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>

#include "cli/forecasting.hpp"
#include "engine/fleet/ad_hoc.hpp"
#include "engine/fleet/discover.hpp"
#include "engine/fleet/file.hpp"
#include "engine/fleet/nearest.hpp"
#include "engine/fleet/url.hpp"
#include "engine/plan/in_place.hpp"
#include "engine/platform/atomic_file.hpp"
#include "engine/report/text.hpp"
#include "runbooks/catalogue.hpp"
#include "runbooks/rehearsal.hpp"

namespace pgconvoy::cli {
namespace {

constexpr const char* kServicePrefix = "postgresql-database-";

Task<Result<SessionPtr>> open_administrator(Services services, Server server) {
  CO_TRY(ConnectionSpec connection, co_await services.credentials.administrator(server));
  SessionOptions options;
  options.application_name = "pgconvoy/discover";
  auto session = co_await services.sessions.open(std::move(connection), std::move(options));
  if (session) co_return std::move(session);
  co_return with_ways_to_log_in(std::move(session).error(), server.id);
}

Task<Result<int>> running_major(Services services, Server server) {
  CO_TRY(SessionPtr session, co_await open_administrator(services, std::move(server)));
  const int major = session->server_version() / 10000;
  session->close();
  co_return major;
}

// Without a runbook the versions of the two servers say what is to be done.
RunbookOptions runbook_for_pair(RunbookOptions options, int source_major, int target_major) {
  options.name = "postgres-upgrade";
  const auto add = [&](const std::string& name, int major) {
    const bool given = std::any_of(options.set.begin(), options.set.end(),
                                   [&](const std::string& pair) { return pair.starts_with(name + "="); });
    if (!given) options.set.push_back(fmt::format("{}={}{}", name, kServicePrefix, major));
  };
  add("from", source_major);
  add("to", target_major);
  return options;
}

Task<Result<Fleet>> discovered(Services services, Fleet fleet, std::string glob) {
  Server source = fleet.servers.at("source");
  CO_TRY(SessionPtr session, co_await open_administrator(services, source));
  CO_TRY(const auto databases, co_await discover_databases(*session, glob));
  session->close();
  if (databases.empty())
    co_return Error(ErrorKind::usage, fmt::format("--database {} matches no database of the source server", in_quotes(glob)),
                    "pgconvoy fleet discover --source URL --target URL lists them");
  add_discovered(fleet, source, databases);
  co_return fleet;
}

struct FleetAndRunbook {
  Fleet fleet;
  Runbook runbook;
};

Result<FleetAndRunbook> from_pair(Application& application, const PlanningOptions& options) {
  RunbookOptions chosen = options.runbook;
  TRY(const Fleet unnamed, ad_hoc_fleet(options.fleet.source, options.fleet.target, "source", "target"));
  // What was mistyped is said before a server is asked.
  if (!chosen.name.empty()) {
    TRY_VOID(load_runbook(application, chosen));
  }
  TRY(const int source_major, application.wait(running_major(application.services(), unnamed.servers.at("source"))));
  auto target_major = application.wait(running_major(application.services(), unnamed.servers.at("target")));
  if (target_major) {
    TRY_VOID(check_direction(source_major, *target_major));
  }
  if (chosen.name.empty()) {
    // With a runbook a target server that can't be reached is a finding of the plan, beside the others.
    if (!target_major) return target_major.error();
    chosen = runbook_for_pair(std::move(chosen), source_major, *target_major);
  }
  FleetAndRunbook result;
  TRY(result.runbook, load_runbook(application, chosen));
  TRY(const Requirements needed, requirements_of(result.runbook, application.operations()));
  if (is_in_place(needed))
    return Error(ErrorKind::usage, fmt::format("runbook {} works on databases where they are: there is nothing to be moved to --target", result.runbook.name),
                 "write a fleet file (pgconvoy init) and give it with -f");
  TRY(Fleet pair, ad_hoc_fleet(options.fleet.source, options.fleet.target, needed.source_service, needed.target_service));
  TRY(result.fleet, application.wait(discovered(application.services(), std::move(pair), options.fleet.database)));
  return result;
}

Result<FleetAndRunbook> from_file(Application& application, const PlanningOptions& options) {
  if (options.fleet.file.empty())
    return Error(ErrorKind::usage, "which databases?", "-f fleet.yaml, or --source URL --target URL");
  FleetAndRunbook result;
  TRY(result.fleet, read_fleet_file(options.fleet.file));
  TRY(result.runbook, load_runbook(application, options.runbook));
  return result;
}

// "5" for a duration is five of what? As a number alone it would be seconds, and the old databases gone.
Result<void> check_units(const Runbook& runbook, const json& values) {
  for (const Parameter& parameter : runbook.parameters) {
    if (parameter.type != Parameter::Type::duration || !values.contains(parameter.name)) continue;
    const std::string value = values[parameter.name].get<std::string>();
    if (value.empty() || value.find_first_not_of("0123456789.") != std::string::npos) continue;
    if (value.find_first_not_of("0.") == std::string::npos) continue;
    return Error(ErrorKind::usage, fmt::format("--set {}={}: {} of what? A duration needs its unit: ms, s, m, h or d", parameter.name, value, value),
                 fmt::format("--set {0}={1}d for days, {1}h, {1}m, {1}s; 0 alone is allowed", parameter.name, value));
  }
  return {};
}

std::string runbook_names() {
  std::string names;
  for (const Runbook& runbook : builtin_runbooks()) names += (names.empty() ? "" : ", ") + runbook.name;
  return names;
}

}  // namespace

void add_planning(CLI::App& command, PlanningOptions& options) {
  add_fleet(command, options.fleet);
  add_runbook(command, options.runbook);
  add_selection(command, options.selection);
  add_run_choices(command, options.choices);
  command.add_flag("--shipped-estimates", options.shipped_estimates, "Estimate by the shipped figures, not by what this journal's runs have shown")->group("Run");
}

Result<ParsedRunbook> parse_runbook_file(const Application& application, const std::string& name) {
  if (name.empty())
    return Error(ErrorKind::usage, "which runbook?", fmt::format("--runbook NAME ({}), or --runbook FILE", runbook_names()));
  const bool looks_like_file = name.find('/') != std::string::npos || name.ends_with(".yaml") || name.ends_with(".yml");
  if (!looks_like_file) {
    auto builtin = find_runbook(name);
    std::error_code ignored;
    if (builtin) return ParsedRunbook{*std::move(builtin), {}};
    if (!std::filesystem::is_regular_file(name, ignored)) return builtin.error();
  }
  std::error_code ignored;
  if (std::filesystem::is_directory(name, ignored))
    return Error(ErrorKind::usage, fmt::format("runbook file {} is a directory", in_quotes(name)));
  auto text = read_file(name);
  if (!text) return Error(ErrorKind::usage, fmt::format("runbook file {}: {}", in_quotes(name), text.error().message));
  return parse_runbook(*text, application.operations(), application.conditions());
}

Result<Runbook> read_runbook(const Application& application, const std::string& name) {
  TRY(ParsedRunbook parsed, parse_runbook_file(application, name));
  if (!parsed.problems.empty())
    return Error(ErrorKind::usage, format_problems(name, parsed.problems), "pgconvoy runbook show NAME --output yaml shows a good one");
  return std::move(parsed.runbook);
}

Result<Runbook> load_runbook(const Application& application, const RunbookOptions& options) {
  TRY(Runbook runbook, read_runbook(application, options.name));
  TRY(const json values, split_pairs("--set", options.set));
  TRY_VOID(check_units(runbook, values));
  return with_parameters(std::move(runbook), values);
}

Error with_ways_to_log_in(Error failure, const std::string& server) {
  // Without a server's answer there is no SQLSTATE: these are libpq's own words.
  const bool none_given = failure.message.find("no password supplied") != std::string::npos;
  if (!none_given && !failure.sqlstate.starts_with("28")) return failure;
  if (!none_given && !failure.remedy.empty()) return failure;
  const std::string elsewhere = "PGPASSWORD, a passfile (PGPASSFILE, ~/.pgpass with mode 0600) or a service file";
  if (server == "source" || server == "target")
    failure.remedy = fmt::format("set {}, or use {}", server == "source" ? kSourcePasswordVariable : kTargetPasswordVariable, elsewhere);
  else
    failure.remedy = fmt::format("in the fleet file: password: {}; or {}", ways_to_give_a_password(), elsewhere);
  return failure;
}

bool all_blocked(const Plan& plan) {
  return std::all_of(plan.targets.begin(), plan.targets.end(), [](const PlannedTarget& target) { return target.blocked(); });
}

Error everything_is_blocked(const Plan& plan, const std::string& command) {
  std::map<std::string, int> targets_of;
  for (const PlannedTarget& planned : plan.targets) {
    std::set<std::string> conditions;
    for (const Finding& finding : planned.findings)
      if (finding.severity == Severity::block) conditions.insert(finding.condition);
    for (const std::string& condition : conditions) ++targets_of[condition];
  }
  std::string what;
  for (const auto& [condition, targets] : targets_of)
    what += fmt::format("{}{} ({})", what.empty() ? "" : ", ", condition, report::count(targets, "target"));
  return Error(ErrorKind::refused, fmt::format("every target is blocked by a precondition: {}; nothing was started or changed", what),
               fmt::format("mend what stands above, or pgconvoy {} ... --override CONDITION=REASON", command));
}

Result<void> check_direction(int source_major, int target_major) {
  if (source_major <= target_major) return {};
  return Error(ErrorKind::usage,
               fmt::format("the source server is PostgreSQL {}, newer than the target server's {}: databases are moved to newer versions only",
                           source_major, target_major),
               "are --source and --target swapped?");
}

std::string name_of_fleet(const FleetOptions& options) {
  if (options.ad_hoc()) return fmt::format("{} to {}, databases {}", options.source, options.target, options.database);
  std::error_code failure;
  const std::filesystem::path absolute = std::filesystem::weakly_canonical(options.file, failure);
  return failure ? options.file : absolute.string();
}

Result<Fleet> read_fleet_file(const std::string& file) {
  LoadedFleet loaded = load_fleet(file);
  if (!loaded.problems.empty()) return Error(ErrorKind::usage, format_problems(file, loaded.problems));
  return std::move(loaded.fleet);
}

Result<PlanResult> plan_from_options(Application& application, const GlobalOptions& globals, const PlanningOptions& options,
                                     std::function<Result<void>()> before_reading) {
  application.show_programs(globals.output.verbose);
  TRY(FleetAndRunbook chosen, options.fleet.ad_hoc() ? from_pair(application, options) : from_file(application, options));
  PlanRequest request;
  request.fleet = std::move(chosen.fleet);
  request.runbook = std::move(chosen.runbook);
  request.selection = options.selection;
  request.settled = options.settled;
  if (options.trial) {
    RunbookNode trial;
    trial.name = "trial_restore";
    request.runbook.preconditions.push_back(std::move(trial));
  }
  if (options.rehearsal) {
    TRY(Rehearsal rehearsal, rehearsal_of(request.runbook, options.rehearsal->keep_backup));
    request.runbook = std::move(rehearsal.runbook);
    request.sample = options.rehearsal->sample;
    if (request.sample) request.runbook.summary += fmt::format("; a sample of {}", to_words(*request.sample));
  }
  TRY(request.options, options.choices.complete(request.fleet.backups.directory));
  // Reading is gentle to servers whose operator asks for few at a time, too.
  request.surveys = std::min(request.surveys, request.options.concurrency);
  request.before_reading = std::move(before_reading);
  if (!options.shipped_estimates) {
    TRY(request.model, learn_estimates(globals));
  }
  // What is typed for this night goes before what the fleet file says for all of them; the frozen copy holds it.
  if (options.choices.per_region)
    for (auto& [id, region] : request.fleet.regions) region.concurrency.reset();
  const bool show = globals.output.text() && !globals.output.quiet && stderr_is_terminal();
  auto progress = [show](PlanProgress at) {
    if (show) write_error(fmt::format("\r\x1b[Kreading facts: {} of {} targets", at.done, at.total));
  };
  auto planned = application.wait(make_plan(application.services(), std::move(request), application.operations(),
                                            application.conditions(), progress));
  if (show) write_error("\r\x1b[K");
  if (!planned) return planned;
  planned->plan.fleet_file = name_of_fleet(options.fleet);
  if (options.forecast) foretell_run(planned->plan, planned->model, std::chrono::system_clock::now());
  return planned;
}

Result<void> check_journal(const GlobalOptions& globals) {
  auto journal = open_journal(globals, OpenMode::read_only);
  if (!journal && journal.error().kind != ErrorKind::not_found) return journal.error();
  return {};
}

Result<std::int64_t> store_plan(Journal& journal, const Plan& plan, const Clock& clock) {
  const auto target = [&plan](std::size_t index) { return json(plan.targets[index]); };
  return journal.create_run(plan_header(plan), PlannedTargets(plan.targets.size(), target), clock.wall());
}

}  // namespace pgconvoy::cli
