#include "cli/discovery.hpp"

#include <fmt/format.h>

#include "cli/planning.hpp"
#include "engine/fleet/discover.hpp"
#include "engine/fleet/nearest.hpp"

namespace pgconvoy::cli {

Task<Result<Discovered>> discover(Services services, Fleet fleet, std::string glob, bool name_services) {
  Discovered found;
  std::map<std::string, int> majors;
  for (auto& [id, server] : fleet.servers) {
    CO_TRY(ConnectionSpec connection, co_await services.credentials.administrator(server));
    SessionOptions options;
    options.application_name = "pgconvoy/discover";
    auto opened = co_await services.sessions.open(std::move(connection), std::move(options));
    if (!opened) co_return with_ways_to_log_in(std::move(opened).error(), id);
    SessionPtr session = *std::move(opened);
    majors[id] = session->server_version() / 10000;
    if (name_services) server.service = fmt::format("postgresql-database-{}", majors[id]);
    CO_TRY(const auto databases, co_await discover_databases(*session, glob));
    session->close();
    add_discovered(fleet, server, databases);
    found.matching += databases.size();
    std::map<std::string, std::int64_t> sizes;
    for (const DiscoveredDatabase& database : databases)
      if (database.bytes > 0) sizes[database.database] = database.bytes;
    for (const auto& [name, instance] : fleet.instances)
      if (instance.server == id && sizes.contains(instance.database)) found.bytes[name] = sizes[instance.database];
  }
  if (name_services) {
    CO_TRY_VOID(check_direction(majors["source"], majors["target"]));
  }
  if (found.matching == 0 && glob != "*")
    co_return Error(ErrorKind::usage, fmt::format("--database {} matches no database", in_quotes(glob)),
                    "without --database all of them are listed");
  found.fleet = std::move(fleet);
  co_return found;
}

}  // namespace pgconvoy::cli
