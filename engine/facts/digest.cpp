#include "engine/core/digest.hpp"

#include <set>

#include "engine/facts/gather.hpp"
#include "engine/facts/needed_roles.hpp"

namespace pgconvoy {
namespace {

// Roles of one server that the target's databases depend on, memberships included: a shared server has
// thousands of others, and they come and go.
std::set<std::string> roles_in_use(const TargetFacts& facts, const ServerFacts& server) {
  std::set<std::string> found;
  for (const auto& [instance, database] : facts.databases) {
    if (database.server != server.server) continue;
    for (const NeededRole& needed : needed_roles(facts, instance)) found.insert(needed.name);
  }
  return found;
}

void remove(json& object, std::initializer_list<const char*> names) {
  for (const char* name : names) object.erase(name);
}

}  // namespace

std::string digest(const TargetFacts& facts) {
  json document = facts;
  for (const char* part : {"databases", "in_the_way"})
    for (auto& database : document[part])
      remove(database, {"bytes", "table_bytes", "index_bytes", "large_object_bytes", "large_objects", "sessions", "superuser_sessions",
                        "prepared_transactions", "unreachable_because", "parts"});
  for (auto& [id, server] : document["servers"].items()) {
    // Other targets of the same run make roles and databases on the servers they share with this one.
    remove(server, {"free_bytes", "databases", "unreachable_because", "sessions", "database_bytes", "parts"});
    // Read where there is a choice between servers only.
    remove(server["settings"], {"superuser_reserved_connections", "reserved_connections"});
    const auto used = roles_in_use(facts, facts.servers.at(id));
    json roles = json::object();
    for (auto& [name, role] : server["roles"].items())
      if (used.contains(name)) roles[name] = role;
    server["roles"] = std::move(roles);
  }
  // Health goes up and down; a condition looks at it each time.
  for (auto& application : document["applications"])
    remove(application, {"running", "healthy", "page_is_on", "detail"});
  for (auto& pooler : document["poolers"]) remove(pooler, {"paused", "unreadable_because"});
  // What the plan says, not what was read.
  document.erase("pause");
  remove(document["host"], {"backup_free_bytes", "backup_unusable_because", "missing_programs", "name"});
  return sha256_hex(document.dump(-1, ' ', false, json::error_handler_t::replace));
}

}  // namespace pgconvoy
