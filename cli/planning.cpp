#include "cli/planning.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "engine/fleet/ad_hoc.hpp"
#include "engine/fleet/discover.hpp"
#include "engine/fleet/file.hpp"
#include "engine/fleet/nearest.hpp"
#include "runbooks/catalogue.hpp"
#include "runbooks/yaml.hpp"

namespace pgconvoy::cli {
namespace {

constexpr const char* kServicePrefix = "postgresql-database-";

Task<Result<SessionPtr>> open_administrator(Services services, Server server) {
  CO_TRY(ConnectionSpec connection, co_await services.credentials.administrator(server));
  SessionOptions options;
  options.application_name = "pgconvoy/discover";
  auto session = co_await services.sessions.open(std::move(connection), std::move(options));
  if (session || !session.error().remedy.empty()) co_return std::move(session);
  Error failure = std::move(session).error();
  if (failure.sqlstate.starts_with("28"))  // invalid authorization
    failure.remedy = fmt::format("set {} or PGPASSWORD, or use a passfile (PGPASSFILE) or a service file",
                                 server.id == "source" ? kSourcePasswordVariable : kTargetPasswordVariable);
  co_return failure;
}

// Without a runbook the versions of the two servers say what is to be done.
Task<Result<RunbookOptions>> runbook_for_pair(Services services, Fleet fleet, RunbookOptions options) {
  options.name = "postgres-upgrade";
  for (const char* side : {"source", "target"}) {
    Server server = fleet.servers.at(side);
    CO_TRY(SessionPtr session, co_await open_administrator(services, std::move(server)));
    options.set.push_back(fmt::format("{}={}{}", std::string(side) == "source" ? "from" : "to", kServicePrefix,
                                      session->server_version() / 10000));
    session->close();
  }
  co_return options;
}

Task<Result<Fleet>> discovered(Services services, Fleet fleet, std::string glob) {
  Server source = fleet.servers.at("source");
  CO_TRY(SessionPtr session, co_await open_administrator(services, source));
  CO_TRY(const auto databases, co_await discover_databases(*session, glob));
  session->close();
  if (databases.empty())
    co_return Error(ErrorKind::usage, fmt::format("--database {} matches no database of the source server", in_quotes(glob)),
                    "pgconvoy fleet discover --source URL lists them");
  add_discovered(fleet, source, databases);
  co_return fleet;
}

struct FleetAndRunbook {
  Fleet fleet;
  Runbook runbook;
};

Result<FleetAndRunbook> from_pair(Application& application, const PlanningOptions& options) {
  RunbookOptions chosen = options.runbook;
  if (chosen.name.empty()) {
    TRY(Fleet pair, ad_hoc_fleet(options.fleet.source, options.fleet.target, "source", "target"));
    TRY(chosen, application.wait(runbook_for_pair(application.services(), std::move(pair), std::move(chosen))));
  }
  FleetAndRunbook result;
  TRY(result.runbook, load_runbook(application, chosen));
  TRY(const Requirements needed, requirements_of(result.runbook, application.operations()));
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
}

Result<Runbook> read_runbook(const Application& application, const std::string& name) {
  if (name.empty())
    return Error(ErrorKind::usage, "which runbook?", fmt::format("--runbook NAME ({}), or --runbook FILE", runbook_names()));
  const bool looks_like_file = name.find('/') != std::string::npos || name.ends_with(".yaml") || name.ends_with(".yml");
  if (!looks_like_file) {
    auto builtin = find_runbook(name);
    std::error_code ignored;
    if (builtin || !std::filesystem::is_regular_file(name, ignored)) return builtin;
  }
  std::ifstream in(name, std::ios::binary);
  std::stringstream text;
  if (!in || !(text << in.rdbuf()))
    return Error(ErrorKind::usage, fmt::format("runbook file {} can't be read: {}", in_quotes(name), strerror(errno)));
  ParsedRunbook parsed = parse_runbook(text.str(), application.operations(), application.conditions());
  if (!parsed.problems.empty())
    return Error(ErrorKind::usage, format_problems(name, parsed.problems), "pgconvoy runbook show NAME --output yaml shows a good one");
  return std::move(parsed.runbook);
}

Result<Runbook> load_runbook(const Application& application, const RunbookOptions& options) {
  TRY(Runbook runbook, read_runbook(application, options.name));
  TRY(const json values, split_pairs("--set", options.set));
  return with_parameters(std::move(runbook), values);
}

Result<Fleet> read_fleet_file(const std::string& file) {
  LoadedFleet loaded = load_fleet(file);
  if (!loaded.problems.empty()) return Error(ErrorKind::usage, format_problems(file, loaded.problems));
  return std::move(loaded.fleet);
}

Result<PlanResult> plan_from_options(Application& application, const GlobalOptions& globals, const PlanningOptions& options) {
  TRY(FleetAndRunbook chosen, options.fleet.ad_hoc() ? from_pair(application, options) : from_file(application, options));
  PlanRequest request;
  request.fleet = std::move(chosen.fleet);
  request.runbook = std::move(chosen.runbook);
  request.selection = options.selection;
  TRY(request.options, options.choices.complete());
  const bool show = globals.output.text() && !globals.output.quiet && stderr_is_terminal();
  auto progress = [show](PlanProgress at) {
    if (show) write_error(fmt::format("\r\x1b[Kreading facts: {} of {} targets", at.done, at.total));
  };
  auto planned = application.wait(make_plan(application.services(), std::move(request), application.operations(),
                                            application.conditions(), progress));
  if (show) write_error("\r\x1b[K");
  return planned;
}

Result<void> check_journal(const GlobalOptions& globals) {
  auto journal = open_journal(globals.journal_uri(), OpenMode::read_only);
  if (!journal && journal.error().kind != ErrorKind::not_found) return journal.error();
  return {};
}

Result<std::int64_t> store_plan(Journal& journal, const Plan& plan, const Clock& clock) {
  std::vector<json> targets;
  for (const PlannedTarget& planned : plan.targets) targets.push_back(json(planned));
  return journal.create_run(plan_header(plan), std::move(targets), clock.wall());
}

}  // namespace pgconvoy::cli
