#include "engine/fleet/ad_hoc.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "engine/fleet/url.hpp"
#include "engine/postgres/connection.hpp"

namespace pgconvoy {
namespace {

constexpr const char* kRegion = "default";

Result<Server> make_server(const std::string& id, const std::string& url, const std::string& service,
                           const char* variable) {
  const auto parsed = parse_connection_with_password(id, url);
  if (!parsed)
    return Error(ErrorKind::usage, fmt::format("--{}: {}", id, parsed.error().message), parsed.error().remedy);
  if (!parsed->password.empty())
    return Error(ErrorKind::usage, fmt::format("--{} must not contain a password: others can see it there", id),
                 fmt::format("take it out of the URL and set {}, or use PGPASSWORD, a passfile (PGPASSFILE) or a "
                             "service file; in a fleet file: password: {}",
                             variable, ways_to_give_a_password()));
  Server server;
  server.id = id;
  server.region = kRegion;
  server.service = service;
  server.url = url;
  const char* password = std::getenv(variable);
  if (password != nullptr && *password != '\0') server.password.environment = variable;
  return server;
}

// What tells one server from another in a connection string.
std::string where(const std::string& url) {
  const auto parsed = parse_connection_with_password("", url);
  std::string text;
  for (const char* keyword : {"host", "hostaddr", "port", "service"}) {
    const auto found = parsed->keywords.find(keyword);
    text += (found == parsed->keywords.end() ? "" : found->second) + '\n';
  }
  return text;
}

}  // namespace

Result<Fleet> ad_hoc_fleet(const std::string& source_url, const std::string& target_url,
                           const std::string& source_service, const std::string& target_service) {
  TRY(Server source, make_server("source", source_url, source_service, kSourcePasswordVariable));
  TRY(Server target, make_server("target", target_url, target_service, kTargetPasswordVariable));
  if (where(source_url) == where(target_url))
    return Error(ErrorKind::usage, "--source and --target are the same server",
                 "pgconvoy moves databases from one server to another; give the address of the new one as --target");
  if (source_service == target_service)
    return Error(ErrorKind::usage,
                 fmt::format("source and target both offer the service {}: nothing would change", source_service),
                 "to empty a server of this version: examples/runbooks/leave-server.yaml, with a fleet file");
  Fleet fleet;
  fleet.regions[kRegion].id = kRegion;
  fleet.servers["source"] = std::move(source);
  fleet.servers["target"] = std::move(target);
  return fleet;
}

}  // namespace pgconvoy
