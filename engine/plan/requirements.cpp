#include <fmt/format.h>

#include <algorithm>

#include "engine/plan/in_place.hpp"

namespace pgconvoy {
namespace {

Result<void> merge(std::string& known, const std::string& wanted, const char* what, const std::string& operation) {
  if (wanted.empty() || wanted == known) return {};
  if (!known.empty())
    return Error(ErrorKind::usage,
                 fmt::format("{} wants {} \"{}\", an operation before it wants \"{}\"", operation, what, wanted, known),
                 "a runbook moves from one service to one other: make the arguments agree");
  known = wanted;
  return {};
}

class Collector {
 public:
  explicit Collector(const OperationRegistry& operations) : operations_(operations) {}

  Result<void> collect(const std::vector<RunbookNode>& nodes) {
    for (const RunbookNode& node : nodes) {
      if (const Bracket* bracket = operations_.find_bracket(node.name)) {
        TRY_VOID(complete_arguments(node.name, bracket->parameters, node.arguments));
        TRY_VOID(collect(node.children));
        continue;
      }
      const Operation* operation = operations_.find(node.name);
      if (!operation) return Error(ErrorKind::usage, fmt::format("there is no operation {}", node.name));
      TRY(const json arguments, complete_arguments(node.name, operation->parameters(), node.arguments));
      Requirements wanted;
      operation->require(wanted, arguments);
      TRY_VOID(merge(found.source_service, wanted.source_service, "to move from service", node.name));
      TRY_VOID(merge(found.source_state, wanted.source_state, "instances in state", node.name));
      TRY_VOID(merge(found.target_service, wanted.target_service, "to move to service", node.name));
      TRY_VOID(merge(found.source_server, wanted.source_server, "to leave server", node.name));
    }
    return {};
  }

  Requirements found;

 private:
  const OperationRegistry& operations_;
};

}  // namespace

Result<Requirements> requirements_of(const Runbook& runbook, const OperationRegistry& operations) {
  Collector collector(operations);
  TRY_VOID(collector.collect(runbook.operations));
  const Requirements& found = collector.found;
  // Whoever is there when it begins would be moved in a circle, and moved back by the next run.
  if (!found.source_service.empty() && found.source_service == found.target_service && found.source_server.empty())
    return Error(ErrorKind::usage, fmt::format("runbook {} moves from service \"{}\" to the same service, and doesn't say which server is to be left",
                                               runbook.name, found.source_service),
                 "collect_service_instances: {service: ..., server: SERVER}");
  return found;
}

std::string way_of(const Requirements& requirements) {
  if (is_in_place(requirements)) return fmt::format("in place, on {}", requirements.source_server.empty() ? requirements.source_service : "server " + requirements.source_server);
  if (requirements.source_service == requirements.target_service)
    return fmt::format("from server {} to another of {}", requirements.source_server, requirements.target_service);
  return fmt::format("from {} to {}", requirements.source_service, requirements.target_service);
}

std::vector<std::string> collected_instances(const Fleet& fleet, const Target& target,
                                             const Requirements& requirements) {
  std::vector<std::string> result;
  for (const std::string& id : target.instances) {
    const Instance& instance = fleet.instances.at(id);
    const std::string& service = fleet.servers.at(instance.server).service;
    if (!requirements.source_service.empty() && service != requirements.source_service) continue;
    if (!requirements.source_server.empty() && instance.server != requirements.source_server) continue;
    if (!requirements.source_state.empty() && instance.state != requirements.source_state) continue;
    result.push_back(id);
  }
  return result;
}

}  // namespace pgconvoy
