#include "engine/run/runbook.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "engine/core/digest.hpp"

namespace pgconvoy {
namespace {

json node_to_json(const RunbookNode& node) {
  json result{{"name", node.name}, {"arguments", node.arguments}};
  if (!node.children.empty()) {
    result["children"] = json::array();
    for (const RunbookNode& child : node.children) result["children"].push_back(node_to_json(child));
  }
  return result;
}

RunbookNode node_from_json(const json& source) {
  RunbookNode node;
  node.name = source.at("name").get<std::string>();
  node.arguments = source.value("arguments", json::object());
  if (source.contains("children"))
    for (const json& child : source.at("children")) node.children.push_back(node_from_json(child));
  return node;
}

json nodes_to_json(const std::vector<RunbookNode>& nodes) {
  json result = json::array();
  for (const RunbookNode& node : nodes) result.push_back(node_to_json(node));
  return result;
}

std::vector<RunbookNode> nodes_from_json(const json& source) {
  std::vector<RunbookNode> nodes;
  for (const json& node : source) nodes.push_back(node_from_json(node));
  return nodes;
}

Parameter::Type parameter_type(const std::string& name) {
  for (Parameter::Type type : {Parameter::Type::number, Parameter::Type::boolean, Parameter::Type::duration})
    if (name == to_string(type)) return type;
  return Parameter::Type::text;
}

// Puts values in, and collects what went wrong on the way.
class Substitution {
 public:
  Substitution(const json& values) : values_(values) {}

  void into(std::vector<RunbookNode>& nodes) {
    for (RunbookNode& node : nodes) {
      node_ = node.name;
      into(node.arguments);
      into(node.children);
    }
  }

  const std::vector<std::string>& problems() const { return problems_; }

 private:
  void into(json& value) {
    if (value.is_structured())
      for (json& member : value) into(member);
    else if (value.is_string())
      value = replaced(value.get<std::string>());
  }

  // A whole "${name}" takes the value with its type; within a text the value's own text is put in. What was put
  // in isn't looked at again.
  json replaced(const std::string& text) {
    std::string result;
    std::size_t at = 0;
    while (true) {
      const std::size_t open = text.find("${", at);
      if (open == std::string::npos) return result + text.substr(at);
      const std::size_t close = text.find('}', open);
      if (close == std::string::npos) {
        problems_.push_back(fmt::format("{}: \"${{\" without \"}}\" in \"{}\"", node_, text));
        return text;
      }
      const std::string name = text.substr(open + 2, close - open - 2);
      const json value = value_of(name);
      if (open == 0 && close + 1 == text.size()) return value;
      result += text.substr(at, open - at);
      result += value.is_string() ? value.get<std::string>() : value.dump();
      at = close + 1;
    }
  }

  json value_of(const std::string& name) {
    if (values_.contains(name)) return values_.at(name);
    std::vector<std::string> known;
    for (const auto& entry : values_.items()) known.push_back(entry.key());
    problems_.push_back(fmt::format(
        "{}: unknown parameter ${{{}}} ({})", node_, name,
        known.empty() ? "the runbook has none" : fmt::format("the runbook has {}", fmt::join(known, ", "))));
    return nullptr;
  }

  const json& values_;
  std::string node_;
  std::vector<std::string> problems_;
};

}  // namespace

void to_json(json& target, const Runbook& runbook) {
  json parameters = json::array();
  for (const Parameter& parameter : runbook.parameters)
    parameters.push_back({{"name", parameter.name},
                          {"type", to_string(parameter.type)},
                          {"default", parameter.fallback},
                          {"summary", parameter.summary}});
  target = {{"name", runbook.name},
            {"summary", runbook.summary},
            {"parameters", std::move(parameters)},
            {"preconditions", nodes_to_json(runbook.preconditions)},
            {"operations", nodes_to_json(runbook.operations)}};
}

void from_json(const json& source, Runbook& runbook) {
  runbook = Runbook{};
  runbook.name = source.at("name").get<std::string>();
  runbook.summary = source.value("summary", "");
  for (const json& entry : source.value("parameters", json::array())) {
    Parameter parameter;
    parameter.name = entry.at("name").get<std::string>();
    parameter.type = parameter_type(entry.value("type", "text"));
    parameter.fallback = entry.value("default", json());
    parameter.summary = entry.value("summary", "");
    runbook.parameters.push_back(std::move(parameter));
  }
  runbook.preconditions = nodes_from_json(source.value("preconditions", json::array()));
  runbook.operations = nodes_from_json(source.value("operations", json::array()));
}

std::string digest(const Runbook& runbook) { return sha256_hex(json(runbook).dump()); }

Result<Runbook> with_parameters(Runbook runbook, const json& values) {
  const std::string what = fmt::format("runbook {}", runbook.name);
  TRY(const json complete, complete_arguments(what, runbook.parameters, values));
  for (const auto& entry : complete.items())
    if (entry.value().is_string() && entry.value().get<std::string>().find("${") != std::string::npos)
      return Error(ErrorKind::usage,
                   fmt::format("{}: the value of parameter {} may not hold \"${{\"", what, entry.key()));

  Substitution substitution(complete);
  substitution.into(runbook.preconditions);
  substitution.into(runbook.operations);
  if (!substitution.problems().empty())
    return Error(ErrorKind::usage, fmt::format("{}: {}", what, fmt::join(substitution.problems(), "; ")));
  runbook.parameters.clear();
  return runbook;
}

}  // namespace pgconvoy
