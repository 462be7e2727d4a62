#include "engine/facts/needed_roles.hpp"

#include <algorithm>
#include <set>

namespace pgconvoy {
namespace {

std::string in_double_quotes(const std::string& name) { return '"' + name + '"'; }

class Collector {
 public:
  Collector(const TargetFacts& facts, const std::string& instance, const DatabaseFacts& database, const ServerFacts& server)
      : facts_(facts), instance_(instance), database_(database), server_(server) {}

  std::vector<NeededRole> collect() {
    const std::string object = "database " + in_double_quotes(database_.database);
    if (const auto role = facts_.role_of.find(instance_); role != facts_.role_of.end())
      add(role->second, "role of instance " + instance_);
    for (const BindingFact& binding : facts_.bindings)
      if (binding.instance == instance_) add(binding.role, "environment " + binding.environment + " logs in as it");
    add(database_.owner, "owner of " + object);
    for (const auto& name : database_.roles) add(name, object + " depends on it");
    for (const auto& [name, settings] : database_.role_settings) add(name, "it has settings in " + object);
    add_members();
    return std::move(found_);
  }

 private:
  void add(const std::string& name, const std::string& because) {
    if (name.empty() || name.starts_with("pg_") || name.starts_with("pgconvoy_") || !seen_.insert(name).second) return;
    NeededRole needed{name, nullptr, because, clear_text_known(name)};
    if (const auto role = server_.roles.find(name); role != server_.roles.end()) {
      needed.role = &role->second;
      for (const auto& group : role->second.member_of) add(group, in_double_quotes(name) + " is a member of it");
    }
    found_.push_back(std::move(needed));
  }

  void add_members() {
    for (bool grown = true; grown;) {
      grown = false;
      for (const auto& [name, role] : server_.roles) {
        if (seen_.contains(name) || role.superuser || name == server_.administrator) continue;
        const auto group = std::find_if(role.member_of.begin(), role.member_of.end(),
                                        [this](const std::string& each) { return seen_.contains(each); });
        if (group == role.member_of.end()) continue;
        const auto before = found_.size();
        add(name, "it is a member of " + in_double_quotes(*group));
        grown |= found_.size() > before;
      }
    }
  }

  bool clear_text_known(const std::string& name) const {
    for (const BindingFact& binding : facts_.bindings)
      if (binding.instance == instance_ && binding.role == name && binding.has_password) return true;
    const auto own = facts_.role_of.find(instance_);
    const auto known = facts_.clear_password_known.find(instance_);
    return own != facts_.role_of.end() && own->second == name && known != facts_.clear_password_known.end() && known->second;
  }

  const TargetFacts& facts_;
  const std::string& instance_;
  const DatabaseFacts& database_;
  const ServerFacts& server_;
  std::set<std::string> seen_;
  std::vector<NeededRole> found_;
};

}  // namespace

std::vector<NeededRole> needed_roles(const TargetFacts& facts, const std::string& instance) {
  const auto database = facts.databases.find(instance);
  if (database == facts.databases.end()) return {};
  const auto placed = facts.source_server.find(instance);
  const auto server = facts.servers.find(placed == facts.source_server.end() ? database->second.server : placed->second);
  if (server == facts.servers.end()) return {};
  return Collector(facts, instance, database->second, server->second).collect();
}

}  // namespace pgconvoy
