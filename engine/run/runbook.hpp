// A runbook: preconditions and operations with their arguments, as data. runbooks/ builds them in C++; the same
// goes to YAML and back.
#pragma once

#include <string>
#include <vector>

#include "engine/core/json.hpp"
#include "engine/core/parameters.hpp"

namespace pgconvoy {

struct RunbookNode {
  std::string name;                    // of an operation, a bracket or a condition
  json arguments = json::object();     // strings may hold ${parameter}
  std::vector<RunbookNode> children;   // brackets only
};

struct Runbook {
  std::string name;
  std::string summary;
  std::vector<Parameter> parameters;
  std::vector<RunbookNode> preconditions;
  std::vector<RunbookNode> operations;
};

void to_json(json& target, const Runbook& runbook);
void from_json(const json& source, Runbook& runbook);

// sha256 of the canonical JSON of a runbook whose parameters were put in.
std::string digest(const Runbook& runbook);

// Puts the values in: every ${name} in the arguments is replaced (a whole "${name}" keeps the value's type).
// Error usage: unknown or missing parameter, wrong type.
Result<Runbook> with_parameters(Runbook runbook, const json& values);

}  // namespace pgconvoy
