#include "conditions/has_service_instance.hpp"

#include <fmt/format.h>

#include "conditions/moves.hpp"

namespace pgconvoy {
namespace {

class HasServiceInstance final : public Condition {
 public:
  std::string name() const override { return "has_service_instance"; }
  std::string summary() const override { return "The target has an instance of a service, in a state."; }
  std::vector<Parameter> parameters() const override {
    return {{"service", Parameter::Type::text, nullptr, "the service, such as postgresql-database-13"},
            {"state", Parameter::Type::text, "provisioned", "the state that the instance is in"}};
  }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "A runbook moves instances of one service that are in one state; a target without one has "
                "nothing to move.";
    page.reads = "The fleet file.";
    page.silent = "Environments may bind other instances too; those stay where they are.";
    page.remedies = "Exclude the target, or correct the server or the state of its instance.";
    page.sources = "docs/fleet.md.";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json& arguments) const override {
    const std::string service = arguments.at("service").get<std::string>();
    const std::string state = arguments.at("state").get<std::string>();
    std::vector<std::string> seen;
    for (const auto& [instance, database] : facts.databases) {
      auto place = facts.source_server.find(instance);
      const std::string server = place == facts.source_server.end() ? database.server : place->second;
      auto known = facts.servers.find(server);
      const std::string offered = known == facts.servers.end() ? "" : known->second.service;
      if (offered == service && database.state == state) return {};
      seen.push_back(fmt::format("{} is {} on {} ({})", instance, database.state, server,
                                 offered.empty() ? "service not known" : offered));
    }
    return {
        {Severity::block, name(), "target " + facts.target,
         seen.empty() ? "it has no service instance" : shortened(seen),
         fmt::format("the runbook moves instances of {} that are {}; here it would have nothing to do", service, state),
         "leave the target out with --exclude, or correct the server or the state of its instance in the fleet file",
         false}};
  }
};

}  // namespace

std::unique_ptr<Condition> make_has_service_instance() { return std::make_unique<HasServiceInstance>(); }

}  // namespace pgconvoy
