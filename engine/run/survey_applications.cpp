// What the survey asks of applications and poolers.
#include "engine/facts/gather.hpp"
#include "engine/platform/places.hpp"
#include "engine/run/survey.hpp"

#include <set>

namespace pgconvoy {
namespace {

// The fleet's name of the instance's server at an address, or the address when it is none of them.
std::string place_in_fleet(const Fleet& fleet, const std::map<std::string, std::string>& servers, const std::string& address) {
  for (const auto& [instance, id] : servers) {
    const auto parsed = parse_connection(id, fleet.servers.at(id).url);
    if (parsed && same_address(parsed->address(), address)) return id;
  }
  return address;
}

std::map<std::string, std::string> servers_of(const TargetFacts& facts, const std::string& instance) {
  std::map<std::string, std::string> servers;
  if (const auto source = facts.source_server.find(instance); source != facts.source_server.end()) servers["source"] = source->second;
  if (const auto target = facts.target_server.find(instance); target != facts.target_server.end()) servers["target"] = target->second;
  return servers;
}

}  // namespace

Task<void> Survey::read_poolers(TargetFacts& facts, const Target& target) {
  std::set<std::pair<std::string, std::string>> seen;
  for (const std::string& id : target.environments)
    for (const Binding& binding : request_.fleet.environments.at(id).bindings)
      for (const auto& [pooler_id, alias] : binding.poolers) {
        if (!facts.databases.contains(binding.instance) || !seen.emplace(pooler_id, alias).second) continue;
        const Pooler& pooler = request_.fleet.poolers.at(pooler_id);
        PoolerFacts fact;
        auto looked = co_await services_.poolers.of(pooler).inspect(pooler, alias);
        if (looked)
          fact = *std::move(looked);
        else
          fact.unreadable_because = describe(looked.error());
        fact.pooler = pooler_id;
        fact.kind = pooler.kind;
        fact.alias = alias;
        fact.instance = binding.instance;
        fact.environment = id;
        fact.address = address_of(pooler);
        if (!fact.leads_to.empty())
          fact.leads_to = place_in_fleet(request_.fleet, servers_of(facts, binding.instance), fact.leads_to);
        facts.poolers.push_back(std::move(fact));
      }
}

Task<Result<void>> Survey::read_applications(TargetFacts& facts, const Target& target) {
  for (const std::string& id : target.environments) {
    const Environment& environment = request_.fleet.environments.at(id);
    AppController& controller = services_.controllers.of(environment);
    auto seen = co_await controller.inspect(environment);
    ApplicationFacts application;
    application.environment = id;
    application.controller = environment.controller.kind;
    if (seen)
      application = *seen;
    else
      application.detail = describe(seen.error());
    facts.applications[id] = std::move(application);
    for (const Binding& binding : environment.bindings) {
      if (!facts.databases.contains(binding.instance)) continue;
      BindingFact fact;
      fact.environment = id;
      fact.instance = binding.instance;
      auto held = co_await controller.read_binding(environment, binding);
      if (held) {
        const auto keyword = [&held](const char* name) {
          const auto found = held->keywords.find(name);
          return found == held->keywords.end() ? std::string() : found->second;
        };
        fact.role = keyword("user");
        fact.database = keyword("dbname");
        fact.address = held->address();
        fact.has_password = !held->password.empty();
      } else if (controller.controls_application() && !binding.variables.empty()) {
        fact.unreadable_because = describe(held.error());
      }
      if (held && binding.variables.size() == 1)
        fact.places[binding.variables.begin()->first] =
            place_in_fleet(request_.fleet, servers_of(facts, binding.instance), held->address());
      else if (auto places = co_await places_of_variables(controller, environment, binding))
        for (const auto& [variable, place] : *places)
          fact.places[variable] = place_in_fleet(request_.fleet, servers_of(facts, binding.instance), place.address());
      facts.bindings.push_back(std::move(fact));
    }
  }
  for (const std::string& id : target.instances) {
    const Instance& instance = request_.fleet.instances.at(id);
    bool& known = facts.clear_password_known[id];
    for (const BindingFact& binding : facts.bindings)
      known |= binding.instance == id && binding.has_password && (binding.role.empty() || binding.role == instance.role);
    if (known || instance.password == PasswordSource{}) continue;
    auto secret = co_await services_.credentials.password(instance.password);
    known = secret && !secret->empty();
  }
  co_return Result<void>();
}

}  // namespace pgconvoy
