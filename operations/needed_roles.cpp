#include "operations/needed_roles.hpp"

#include <functional>
#include <set>

namespace pgconvoy {

std::vector<RoleFact> needed_roles(const DatabaseFacts& database, const ServerFacts& source, const std::string& fleet_role) {
  std::set<std::string> wanted(database.roles.begin(), database.roles.end());
  wanted.insert(database.owner);
  wanted.insert(fleet_role);
  for (const auto& [role, settings] : database.role_settings) wanted.insert(role);

  std::vector<RoleFact> ordered;
  std::set<std::string> seen;
  const std::function<void(const std::string&)> visit = [&](const std::string& name) {
    if (name.empty() || name.rfind("pg_", 0) == 0 || !seen.insert(name).second) return;
    auto found = source.roles.find(name);
    if (found == source.roles.end()) return;
    for (const std::string& parent : found->second.member_of) visit(parent);
    ordered.push_back(found->second);
  };
  for (const std::string& name : wanted) visit(name);
  return ordered;
}

}  // namespace pgconvoy
