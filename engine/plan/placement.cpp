#include <fmt/format.h>
#include <fmt/ranges.h>

#include "engine/plan/placement.hpp"

namespace pgconvoy {

Result<std::map<std::string, Placement>> place(const Fleet& fleet, const Target& target,
                                               const Requirements& requirements) {
  std::map<std::string, Placement> result;
  const std::vector<std::string> instances = collected_instances(fleet, target, requirements);
  if (instances.empty()) return result;

  const auto candidates = fleet.servers_offering(target.region, requirements.target_service);
  if (candidates.size() != 1) {
    std::vector<std::string> ids;
    for (const Server* server : candidates) ids.push_back(server->id);
    return Error(ErrorKind::usage,
                 candidates.empty()
                     ? fmt::format("target {}: no server of region {} offers service {}", target.id, target.region,
                                   requirements.target_service)
                     : fmt::format("target {}: more than one server of region {} offers service {}: {}", target.id,
                                   target.region, requirements.target_service, fmt::join(ids, ", ")),
                 "the fleet must name one server per region for the service that databases are moved to");
  }
  for (const std::string& id : instances) {
    const std::string& source = fleet.instances.at(id).server;
    if (source == candidates.front()->id)
      return Error(ErrorKind::usage, fmt::format("target {}: server {} would be source and target of instance {}",
                                                 target.id, source, id));
    result[id] = {source, candidates.front()->id, ""};
  }
  return result;
}

}  // namespace pgconvoy
