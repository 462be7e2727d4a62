#include "engine/fleet/references.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "engine/fleet/nearest.hpp"

namespace pgconvoy {
namespace {

template <class Things>
std::vector<std::string_view> ids(const Things& things) {
  std::vector<std::string_view> result;
  for (const auto& [id, thing] : things) result.push_back(id);
  return result;
}

// Reports `id` at `path` unless `things` has it. An empty id has been reported already.
template <class Things>
void check_known(const std::string& who, const char* kind, const std::string& id, const Things& things,
                 const std::string& path, Draft& draft) {
  const YamlNode* place = draft.place(path);
  if (id.empty() || place == nullptr || things.contains(id)) return;
  draft.problems.add(*place, fmt::format("{}: there is no {} {}{}", who, kind, in_quotes(id),
                                         draft.problems.suggest(id, ids(things))));
}

void check_instances(Draft& draft) {
  std::map<std::pair<std::string, std::string>, const Instance*> databases;
  for (const auto& [id, instance] : draft.fleet.instances) {
    const std::string who = fmt::format("instance {}", in_quotes(id));
    check_known(who, "server", instance.server, draft.fleet.servers, "instances/" + id + "/server", draft);
    const YamlNode* place = draft.place("instances/" + id + "/database");
    if (instance.server.empty() || instance.database.empty() || place == nullptr) continue;
    const auto [other, added] = databases.try_emplace({instance.server, instance.database}, &instance);
    if (!added)
      draft.problems.add(*place, fmt::format("{}: database {} of server {} is instance {} already; an application that "
                                             "shares a database binds the same instance",
                                             who, in_quotes(instance.database), in_quotes(instance.server),
                                             in_quotes(other->second->id)));
  }
}

using Aliases = std::map<std::pair<std::string, std::string>, std::string>;  // pooler and alias -> instance

void check_bindings(const Environment& environment, std::set<std::string>& bound, Aliases& aliases, Draft& draft) {
  const std::string who = fmt::format("environment {}", in_quotes(environment.id));
  std::set<std::string> instances;
  std::map<std::string, std::string> variables;
  for (std::size_t number = 0; number < environment.bindings.size(); ++number) {
    const Binding& binding = environment.bindings[number];
    const std::string path = fmt::format("environments/{}/bindings/{}", environment.id, number);
    check_known(who, "instance", binding.instance, draft.fleet.instances, path + "/instance", draft);
    bound.insert(binding.instance);

    const YamlNode* place = draft.place(path + "/instance");
    if (place != nullptr && !binding.instance.empty() && !instances.insert(binding.instance).second)
      draft.problems.add(*place, fmt::format("{}: instance {} is bound twice; one binding lists all of its variables",
                                             who, in_quotes(binding.instance)));
    for (const auto& [variable, part] : binding.variables) {
      const YamlNode* variable_place = draft.place(path + "/" + variable);
      const auto [other, added] = variables.emplace(variable, binding.instance);
      if (!added && variable_place != nullptr)
        draft.problems.add(*variable_place,
                           fmt::format("{}: variable {} is bound twice, to instance {} too; it can hold one database",
                                       who, in_quotes(variable), in_quotes(other->second)));
    }

    for (const auto& [pooler, alias] : binding.poolers) {
      const std::string pooler_path = path + "/poolers/" + pooler;
      check_known(who, "pooler", pooler, draft.fleet.poolers, pooler_path, draft);
      const auto known = draft.fleet.poolers.find(pooler);
      const YamlNode* pooler_place = draft.place(pooler_path);
      if (known == draft.fleet.poolers.end() || pooler_place == nullptr) continue;
      if (known->second.region != environment.region)
        draft.problems.add(*pooler_place, fmt::format("{} is in region {}, but pooler {} is in region {}", who,
                                                      in_quotes(environment.region), in_quotes(pooler),
                                                      in_quotes(known->second.region)));
      const auto [other, added] = aliases.emplace(std::make_pair(pooler, alias), binding.instance);
      if (!added && other->second != binding.instance)
        draft.problems.add(*pooler_place, fmt::format("{}: alias {} of pooler {} leads to instance {} already", who, in_quotes(alias),
                                                      in_quotes(pooler), in_quotes(other->second)));
    }
    const auto instance = draft.fleet.instances.find(binding.instance);
    if (instance == draft.fleet.instances.end() || place == nullptr) continue;
    if (!draft.fleet.regions.contains(environment.region)) continue;
    const auto server = draft.fleet.servers.find(instance->second.server);
    if (server == draft.fleet.servers.end() || !draft.fleet.regions.contains(server->second.region)) continue;
    if (server->second.region != environment.region)
      draft.problems.add(*place, fmt::format("{} is in region {}, but instance {} is on server {} in region {}", who,
                                             in_quotes(environment.region), in_quotes(binding.instance),
                                             in_quotes(server->first), in_quotes(server->second.region)));
  }
}

}  // namespace

void check_references(Draft& draft) {
  for (const auto& [id, server] : draft.fleet.servers)
    check_known(fmt::format("server {}", in_quotes(id)), "region", server.region, draft.fleet.regions,
                "servers/" + id + "/region", draft);
  check_instances(draft);
  // Caps that hold for nobody would be believed.
  for (const auto& [id, host] : draft.fleet.hosts)
    if (std::none_of(draft.fleet.servers.begin(), draft.fleet.servers.end(), [&, &id = id](const auto& entry) { return entry.second.host == id; }))
      draft.problems.add(*draft.place("hosts/" + id), fmt::format("host {}: no server names it as its host", in_quotes(id)));
  for (const auto& [id, pooler] : draft.fleet.poolers)
    check_known(fmt::format("pooler {}", in_quotes(id)), "region", pooler.region, draft.fleet.regions,
                "poolers/" + id + "/region", draft);
  std::set<std::string> bound;
  Aliases aliases;
  for (const auto& [id, environment] : draft.fleet.environments) {
    check_known(fmt::format("environment {}", in_quotes(id)), "region", environment.region, draft.fleet.regions,
                "environments/" + id + "/region", draft);
    check_bindings(environment, bound, aliases, draft);
  }
  for (const auto& [id, instance] : draft.fleet.instances)
    if (!bound.contains(id) && draft.fleet.environments.contains(id))
      draft.problems.add(
          *draft.place("instances/" + id),
          fmt::format("instance {}: an environment that doesn't bind it has the same id, and each would be "
                      "a target of that name; rename one",
                      in_quotes(id)));
}

}  // namespace pgconvoy
