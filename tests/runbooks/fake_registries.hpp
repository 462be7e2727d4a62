// The operations and conditions that the built-in runbooks name, doing nothing.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/facts/condition.hpp"
#include "runbooks/postgres_upgrade.hpp"
#include "tests/engine/plan/fake_operations.hpp"

namespace pgconvoy::testing {

class FakeCondition final : public Condition {
 public:
  FakeCondition(std::string name, std::vector<Parameter> parameters)
      : name_(std::move(name)), parameters_(std::move(parameters)) {}
  std::string name() const override { return name_; }
  std::string summary() const override { return "always holds"; }
  std::vector<Parameter> parameters() const override { return parameters_; }
  std::vector<Finding> evaluate(const TargetFacts&, const json&) const override { return {}; }

 private:
  std::string name_;
  std::vector<Parameter> parameters_;
};

inline ConditionRegistry upgrade_conditions() {
  ConditionRegistry registry;
  const std::vector<Parameter> instance{{"service", Parameter::Type::text, nullptr, "which"},
                                        {"state", Parameter::Type::text, "provisioned", "how"}};
  registry.add(std::make_unique<FakeCondition>("has_service_instance", instance));
  const std::vector<Parameter> adoption{{"adopt_empty", Parameter::Type::boolean, false, "or not"}};
  registry.add(std::make_unique<FakeCondition>("target_database_absent", adoption));
  const std::vector<Parameter> passwords{{"authentication", Parameter::Type::text, "block", "how"}};
  for (const char* name : {"roles_restorable", "client_speaks_target_authentication"})
    registry.add(std::make_unique<FakeCondition>(name, passwords));
  for (const RunbookNode& node : postgres_13_to_15().preconditions)
    if (!registry.find(node.name)) registry.add(std::make_unique<FakeCondition>(node.name, std::vector<Parameter>{}));
  return registry;
}

struct Registries {
  OperationRegistry operations = upgrade_operations();
  ConditionRegistry conditions = upgrade_conditions();
};

}  // namespace pgconvoy::testing
