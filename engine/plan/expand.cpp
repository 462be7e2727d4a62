#include <fmt/format.h>

#include <stdexcept>

#include "engine/plan/plan.hpp"

namespace pgconvoy {
namespace {

// REQUIRES of expand(): a runbook that requirements_of() accepted. What isn't so here is a bug of the caller.
template <class T>
T expected(Result<T> result) {
  if (!result) throw std::logic_error("expand: " + result.error().message);
  return *std::move(result);
}

class Expansion {
 public:
  Expansion(const OperationRegistry& operations, const Fleet& fleet, const Target& target, std::vector<std::string> instances,
            std::string way)
      : operations_(operations), fleet_(fleet), target_(target), instances_(std::move(instances)), way_(std::move(way)) {}

  void add(const std::vector<RunbookNode>& nodes, const std::string& prefix) {
    for (const RunbookNode& node : nodes) {
      if (const Bracket* bracket = operations_.find_bracket(node.name))
        add(*bracket, node, prefix);
      else
        add(node.name, node.arguments, prefix);
    }
  }

  std::vector<StepPlan> steps;

 private:
  void add(const Bracket& bracket, const RunbookNode& node, const std::string& prefix) {
    const json arguments = expected(complete_arguments(node.name, bracket.parameters, node.arguments));
    const std::string inside = prefix + bracket.name + "/";
    for (const std::string& name : bracket.opening) add(name, known_to(name, arguments), inside);
    add(node.children, inside);
    for (const std::string& name : bracket.closing) add(name, known_to(name, arguments), inside);
  }

  void add(const std::string& name, const json& given, const std::string& prefix) {
    const Operation& operation = find(name);
    const json arguments = expected(complete_arguments(name, operation.parameters(), given));
    if (!operation.applies(way_, arguments)) return;
    const int ordinal = ++occurrences_[prefix + name];
    const std::string path = prefix + (ordinal == 1 ? name : fmt::format("{}#{}", name, ordinal));
    for (const std::string& subject : subjects(operation.subject())) {
      if (name == "pause_poolers" && !behind_pooler(subject)) continue;
      StepPlan step;
      step.path = subject.empty() ? path : path + "@" + subject;
      step.operation = name;
      step.subject = subject;
      step.arguments = arguments;
      steps.push_back(std::move(step));
    }
  }

  json known_to(const std::string& name, const json& arguments) const {
    json result = json::object();
    for (const Parameter& parameter : find(name).parameters())
      if (arguments.contains(parameter.name)) result[parameter.name] = arguments.at(parameter.name);
    return result;
  }

  const Operation& find(const std::string& name) const {
    const Operation* operation = operations_.find(name);
    if (!operation) throw std::logic_error("expand: there is no operation " + name);
    return *operation;
  }

  // Most have none: a step that does nothing would stand in every plan.
  bool behind_pooler(const std::string& instance) const {
    for (const std::string& id : target_.environments)
      for (const Binding& binding : fleet_.environments.at(id).bindings)
        if (binding.instance == instance && !binding.poolers.empty()) return true;
    return false;
  }

  std::vector<std::string> subjects(Subject subject) const {
    switch (subject) {
      case Subject::instance:
        return instances_;
      case Subject::environment:
        return target_.environments;
      case Subject::target:
        break;
    }
    return {""};
  }

  const OperationRegistry& operations_;
  const Fleet& fleet_;
  const Target& target_;
  const std::vector<std::string> instances_;
  const std::string way_;
  std::map<std::string, int> occurrences_;  // by path without subject
};

}  // namespace

std::vector<StepPlan> expand(const Runbook& runbook, const OperationRegistry& operations, const Fleet& fleet,
                             const Target& target, const std::string& way) {
  const Requirements requirements = expected(requirements_of(runbook, operations));
  Expansion expansion(operations, fleet, target, collected_instances(fleet, target, requirements), way);
  expansion.add(runbook.operations, "");
  return std::move(expansion.steps);
}

}  // namespace pgconvoy
