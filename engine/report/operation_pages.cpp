#include "engine/report/operation_pages.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "engine/report/text.hpp"

namespace pgconvoy::report {
namespace {

const char* each_of(Subject subject) {
  switch (subject) {
    case Subject::instance:
      return "each collected instance";
    case Subject::environment:
      return "each environment";
    case Subject::target:
      break;
  }
  return "the target";
}

const char* subject_name(Subject subject) { return subject == Subject::instance ? "instance" : subject == Subject::environment ? "environment" : "target"; }

// Brackets that open or close with it: a runbook doesn't name it by itself.
std::vector<std::string> brackets_with(const OperationRegistry& operations, const std::string& name) {
  std::vector<std::string> found;
  for (const Bracket* bracket : operations.brackets())
    for (const auto* side : {&bracket->opening, &bracket->closing})
      if (std::find(side->begin(), side->end(), name) != side->end()) found.push_back(bracket->name);
  return found;
}

// "10s", "7d".
std::string as_typed(double seconds) {
  for (const auto& [unit, name] : {std::pair{86400, "d"}, std::pair{3600, "h"}, std::pair{60, "m"}})
    if (seconds >= unit && std::fmod(seconds, unit) == 0) return fmt::format("{}{}", seconds / unit, name);
  return fmt::format("{}s", seconds);
}

std::string fallback_of(const Parameter& parameter) {
  if (parameter.fallback.is_null()) return "must be given";
  if (parameter.type == Parameter::Type::duration && parameter.fallback.is_number() && parameter.fallback != 0) return as_typed(parameter.fallback.get<double>());
  return parameter.fallback == "" ? "empty" : parameter.fallback.is_string() ? parameter.fallback.get<std::string>() : parameter.fallback.dump();
}

std::string parameter_table(const std::vector<Parameter>& parameters) {
  if (parameters.empty()) return "";
  std::string text = "\n| parameter | type | default | |\n| --- | --- | --- | --- |\n";
  for (const Parameter& parameter : parameters)
    text += fmt::format("| `{}` | {} | {} | {} |\n", parameter.name, to_string(parameter.type), fallback_of(parameter), parameter.summary);
  return text;
}

std::string parameter_lines(const std::vector<Parameter>& parameters, const Style& style, std::size_t width) {
  std::string text;
  for (const Parameter& parameter : parameters)
    text += fmt::format("  {}  {}\n      {}\n", style.name(parameter.name), style.dim(fmt::format("{}, {}", to_string(parameter.type), fallback_of(parameter))),
                        wrapped(parameter.summary, width, 6));
  return text;
}

json parameters_json(const std::vector<Parameter>& parameters) {
  json list = json::array();
  for (const Parameter& parameter : parameters)
    list.push_back({{"name", parameter.name}, {"type", to_string(parameter.type)}, {"default", parameter.fallback}, {"summary", parameter.summary}});
  return list;
}

}  // namespace

std::string operation_pages_text(const OperationRegistry& operations, const Style& style, std::size_t width) {
  const std::size_t limit = width == 0 ? 100000 : width;
  std::string text;
  for (const Bracket* bracket : operations.brackets())
    text += fmt::format("{}  {}\n  {}\n{}\n", style.bold(bracket->name), style.dim("goes around other operations"), wrapped(bracket->summary, limit, 2),
                        parameter_lines(bracket->parameters, style, limit));
  for (const Operation* operation : operations.all()) {
    const auto brackets = brackets_with(operations, operation->name());
    text += fmt::format("{}  {}\n  {}\n{}\n", style.bold(operation->name()),
                        style.dim(fmt::format("for {}{}", each_of(operation->subject()), brackets.empty() ? "" : fmt::format("; part of {}", fmt::join(brackets, ", ")))),
                        wrapped(operation->summary(), limit, 2), parameter_lines(operation->parameters(), style, limit));
  }
  return text;
}

std::string operation_pages_markdown(const OperationRegistry& operations) {
  std::string text =
      "# Operations\n\nWhat a runbook may name under `operations:`. This page is written by `pgconvoy runbook operations --output markdown`. Each operation is tried, probed after a\n"
      "crash and taken back by the same rules ([architecture.md](architecture.md)); what happens when one of an upgrade fails: [steps.md](steps.md).\n\n## Brackets\n\n"
      "A bracket goes around other operations, which stand under its `operations:`. What it opens and closes with are steps of their own.\n";
  for (const Bracket* bracket : operations.brackets())
    text += fmt::format("\n### {}\n\n{}\n\nOpens with {}; closes with {}.\n{}", bracket->name, bracket->summary, fmt::join(bracket->opening, ", "), fmt::join(bracket->closing, ", "),
                        parameter_table(bracket->parameters));
  for (const bool of_brackets : {false, true}) {
    text += of_brackets ? "\n## Operations of brackets\n\nA runbook doesn't name these by themselves.\n" : "\n## Operations of runbooks\n";
    for (const Operation* operation : operations.all()) {
      const auto brackets = brackets_with(operations, operation->name());
      if (brackets.empty() == of_brackets) continue;
      text += fmt::format("\n### {}\n\n{}\n\nOne step for {}.\n{}", operation->name(), operation->summary(), each_of(operation->subject()), parameter_table(operation->parameters()));
    }
  }
  return text;
}

json operation_pages_json(const OperationRegistry& operations) {
  json document{{"operations", json::array()}, {"brackets", json::array()}};
  for (const Operation* operation : operations.all())
    document["operations"].push_back({{"name", operation->name()}, {"summary", operation->summary()}, {"subject", subject_name(operation->subject())},
                                      {"parameters", parameters_json(operation->parameters())}, {"brackets", brackets_with(operations, operation->name())}});
  for (const Bracket* bracket : operations.brackets())
    document["brackets"].push_back({{"name", bracket->name}, {"summary", bracket->summary}, {"parameters", parameters_json(bracket->parameters)},
                                    {"opening", bracket->opening}, {"closing", bracket->closing}});
  return document;
}

}  // namespace pgconvoy::report
