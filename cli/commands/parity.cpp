#include <fmt/format.h>

#include <map>
#include <set>

#include "cli/commands.hpp"
#include "cli/planning.hpp"
#include "cli/show_report.hpp"
#include "engine/facts/parity.hpp"
#include "engine/fleet/ad_hoc.hpp"
#include "engine/fleet/nearest.hpp"
#include "engine/fleet/service.hpp"
#include "engine/report/parity_report.hpp"

namespace pgconvoy::cli {
namespace {

struct ParityOptions {
  FleetOptions fleet;
  std::string region, from, to;
};

struct ServerPair {
  Server source, target;
};

Task<Result<ServerConfiguration>> read_configuration(Services services, Server server) {
  CO_TRY(ConnectionSpec connection, co_await services.credentials.administrator(server));
  SessionOptions options;
  options.application_name = "pgconvoy/parity";
  auto session = co_await services.sessions.open(std::move(connection), std::move(options));
  if (!session) co_return with_ways_to_log_in(std::move(session).error(), server.id);
  auto read = co_await gather_configuration(**session, server.id);
  (*session)->close();
  co_return read;
}

// In each region every server of an older service with every one of the newest, unless --from and --to name services.
Result<std::vector<ServerPair>> pairs_in(const Fleet& fleet, const ParityOptions& options) {
  std::map<std::string, std::vector<Server>> by_region;
  for (const auto& [id, server] : fleet.servers)
    if (options.region.empty() || server.region == options.region) by_region[server.region].push_back(server);
  if (by_region.empty())
    return Error(ErrorKind::usage, options.region.empty() ? "the fleet has no servers" : fmt::format("no server is in region {}", in_quotes(options.region)),
                 "pgconvoy fleet show -f FILE lists them");
  std::vector<ServerPair> pairs;
  for (const auto& [region, servers] : by_region) {
    int newest = 0;
    for (const Server& server : servers) newest = std::max(newest, major_of_service(server.service));
    const auto is_target = [&](const Server& server) {
      return options.to.empty() ? major_of_service(server.service) == newest : server.service == options.to;
    };
    for (const Server& source : servers) {
      if (options.from.empty() ? is_target(source) : source.service != options.from) continue;
      for (const Server& target : servers)
        if (target.id != source.id && is_target(target)) pairs.push_back({source, target});
    }
  }
  if (pairs.empty())
    return Error(ErrorKind::usage, "no region has both an old and a new server to compare",
                 "--from SERVICE --to SERVICE, services as the fleet file names them");
  return pairs;
}

Result<std::vector<Parity>> compare_all(Application& application, const ParityOptions& options) {
  Fleet fleet;
  if (options.fleet.ad_hoc()) {
    TRY(fleet, ad_hoc_fleet(options.fleet.source, options.fleet.target, "postgresql-database-1", "postgresql-database-2"));
  } else if (options.fleet.file.empty()) {
    return Error(ErrorKind::usage, "which servers?", "-f fleet.yaml, or --source URL --target URL");
  } else {
    TRY(fleet, read_fleet_file(options.fleet.file));
  }
  TRY(const auto pairs, pairs_in(fleet, options));
  std::map<std::string, ServerConfiguration> read;
  std::vector<Parity> all;
  for (const ServerPair& pair : pairs) {
    for (const Server& server : {pair.source, pair.target}) {
      if (read.count(server.id)) continue;
      TRY(read[server.id], application.wait(read_configuration(application.services(), server)));
    }
    all.push_back(compare_configurations(read[pair.source.id], read[pair.target.id]));
  }
  return all;
}

int parity(const GlobalOptions& globals, const ParityOptions& options) {
  Application application(globals.seams);
  auto all = compare_all(application, options);
  if (!all) return fail(globals.output, all.error());
  if (globals.format == "conf") {
    if (all->size() != 1)
      return fail(globals.output, Error(ErrorKind::usage, fmt::format("{} pairs of servers, and a configuration file is for one", all->size()),
                                        "--region, --from and --to choose one"));
    write_out(report::parity_conf(all->front()));
  } else if (globals.output.text()) {
    write_out(report::parity_text(*all, globals.output.style(), text_width(), globals.output.verbose));
  } else {
    write_json(globals.output, report::parity_json(*all));
  }
  return kSuccess;
}

}  // namespace

void add_parity(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("parity", "Settings of old and new servers compared, as something to commit. Changes nothing");
  auto options = std::make_shared<ParityOptions>();
  command->add_option("-f,--fleet", options->fleet.file, "The fleet file")->type_name("FILE");
  command->add_option("--source", options->fleet.source, "Without a file: the old server")->type_name("URL");
  command->add_option("--target", options->fleet.target, "Without a file: the new server")->type_name("URL");
  command->add_option("--region", options->region, "Servers of this region only")->type_name("R");
  command->add_option("--from", options->from, "Old servers: those of this service (default: all but the newest)")->type_name("SERVICE");
  command->add_option("--to", options->to, "New servers: those of this service (default: the newest)")->type_name("SERVICE");
  add_globals(*command, invocation.globals, {"text", "json", "jsonl", "conf"});
  command->footer(
      "Examples:\n"
      "  pgconvoy parity -f fleet.yaml\n"
      "  pgconvoy parity -f fleet.yaml --region eu-west --output conf > eu-west-pg15.conf\n"
      "conf is a piece of postgresql.conf: what to carry over, with the reasons; what is for you to decide is commented out.");
  command->callback(
      [&invocation, options] { invocation.action = [&invocation, options] { return parity(invocation.globals, *options); }; });
}

}  // namespace pgconvoy::cli
