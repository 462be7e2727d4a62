#include "engine/plan/way.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace pgconvoy {
namespace {

bool has(const std::vector<RunbookNode>& nodes, const std::string& name) {
  return std::any_of(nodes.begin(), nodes.end(), [&](const RunbookNode& node) { return node.name == name || has(node.children, name); });
}

bool adopts(const std::vector<RunbookNode>& nodes) {
  return std::any_of(nodes.begin(), nodes.end(), [](const RunbookNode& node) {
    return (node.arguments.is_object() && node.arguments.value("adopt_empty", json()) == json(true)) || adopts(node.children);
  });
}

// "": nothing.
std::string what_speaks_against(const Runbook& runbook, const TargetFacts& facts) {
  for (const char* operation : {"prepare_reprovisioned_services", "transfer_to_prepared_services"})
    if (!has(runbook.operations, operation)) return fmt::format("the runbook has no {}", operation);
  if (adopts(runbook.operations)) return "databases that were made beforehand are adopted";
  for (const auto& [id, database] : facts.databases) {
    // The catalogue of their pages is a superuser's.
    const auto source = facts.source_server.find(id);
    if (database.large_objects > 0 && source != facts.source_server.end() && !facts.servers.at(source->second).superuser)
      return fmt::format("{} has large objects, and the administrator of its server is no superuser", id);
    const auto server = facts.target_server.find(id);
    if (server != facts.target_server.end() && !facts.servers.at(server->second).superuser) return "the administrator is no superuser";
  }
  return "";
}

bool has_application(const TargetFacts& facts) {
  return std::any_of(facts.applications.begin(), facts.applications.end(), [](const auto& entry) { return entry.second.controller != "none"; });
}

}  // namespace

bool is_way(const std::string& name) { return name == kThroughput || name == kShortPause || name == kAutomatic; }

Way choose_way(const std::string& asked, const Runbook& runbook, const TargetFacts& facts) {
  if (asked == kThroughput) return {};
  const std::string against = what_speaks_against(runbook, facts);
  if (!against.empty()) return {kThroughput, "not short-pause: " + against};
  if (asked == kShortPause) return {kShortPause, ""};
  if (!has_application(facts)) return {kThroughput, "no application is paused for it by us"};
  return {kShortPause, "its application is paused for a shorter time"};
}

}  // namespace pgconvoy
