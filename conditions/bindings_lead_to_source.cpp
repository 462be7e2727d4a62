#include "conditions/bindings_lead_to_source.hpp"

#include <fmt/format.h>

#include "conditions/moves.hpp"

namespace pgconvoy {
namespace {

class BindingsLeadToSource final : public Condition {
 public:
  std::string name() const override { return "bindings_lead_to_source"; }
  std::string summary() const override {
    return "Every binding that is to be changed can be read now, and names the database that moves.";
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    for (const BindingFact& binding : facts.bindings) {
      const auto moved = facts.databases.find(binding.instance);
      if (moved == facts.databases.end()) continue;
      const std::string object = fmt::format("environment {}, binding to {}", binding.environment, binding.instance);
      if (!binding.unreadable_because.empty())
        findings.push_back({Severity::block, name(), object, binding.unreadable_because,
                            "it would be found out while the app is paused and its database fenced",
                            "set the variables, or correct the binding in the fleet file", false});
      else if (!binding.database.empty() && binding.database != moved->second.database)
        findings.push_back({Severity::block, name(), object,
                            fmt::format("it leads to database {} at {}, the instance is {}", as_identifier(binding.database),
                                        binding.address, as_identifier(moved->second.database)),
                            "the variables would be changed to lead to a database that the app does not use now",
                            "correct instance or variables of the binding in the fleet file", false});
    }
    return findings;
  }
};

}  // namespace

std::unique_ptr<Condition> make_bindings_lead_to_source() { return std::make_unique<BindingsLeadToSource>(); }

}  // namespace pgconvoy
