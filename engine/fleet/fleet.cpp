#include "engine/fleet/fleet.hpp"

#include "engine/core/digest.hpp"

namespace pgconvoy {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(PasswordSource, environment, file, passfile, command)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Region, id, concurrency)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Server, id, region, service, url, password)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ControllerSpec, kind, directory, start, env_file, pid_file, log_file,
                                   maintenance_file, health_url, public_url)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Binding, instance, variables)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Instance, id, server, database, role, state, password, labels)

// By hand: a duration is a number of seconds.
static void to_json(json& target, const Environment& environment) {
  target = json{{"id", environment.id},
                {"region", environment.region},
                {"application", environment.application},
                {"stage", environment.stage},
                {"downtime_budget", environment.downtime_budget ? json(environment.downtime_budget->count()) : json()},
                {"controller", environment.controller},
                {"bindings", environment.bindings}};
}

static void from_json(const json& source, Environment& environment) {
  source.at("id").get_to(environment.id);
  source.at("region").get_to(environment.region);
  source.at("application").get_to(environment.application);
  source.at("stage").get_to(environment.stage);
  const json& budget = source.at("downtime_budget");
  environment.downtime_budget.reset();
  if (!budget.is_null()) environment.downtime_budget = Seconds(budget.get<double>());
  source.at("controller").get_to(environment.controller);
  source.at("bindings").get_to(environment.bindings);
}

namespace {

template <class Thing>
json list(const std::map<std::string, Thing>& things) {
  json result = json::array();
  for (const auto& [id, thing] : things) result.push_back(thing);
  return result;
}

template <class Thing>
std::map<std::string, Thing> by_id(const json& things) {
  std::map<std::string, Thing> result;
  for (const json& item : things) {
    auto thing = item.get<Thing>();
    std::string id = thing.id;
    result.emplace(std::move(id), std::move(thing));
  }
  return result;
}

}  // namespace

void to_json(json& target, const Fleet& fleet) {
  target = json{{"regions", list(fleet.regions)},
                {"servers", list(fleet.servers)},
                {"environments", list(fleet.environments)},
                {"instances", list(fleet.instances)}};
}

void from_json(const json& source, Fleet& fleet) {
  fleet.regions = by_id<Region>(source.at("regions"));
  fleet.servers = by_id<Server>(source.at("servers"));
  fleet.environments = by_id<Environment>(source.at("environments"));
  fleet.instances = by_id<Instance>(source.at("instances"));
}

std::vector<const Server*> Fleet::servers_offering(const std::string& region, const std::string& service) const {
  std::vector<const Server*> found;
  for (const auto& [id, server] : servers)
    if (server.region == region && server.service == service) found.push_back(&server);
  return found;
}

std::string digest(const Fleet& fleet) { return sha256_hex(json(fleet).dump()); }

}  // namespace pgconvoy
