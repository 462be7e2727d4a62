// A runbook as a file: YAML out, YAML in. Its format is described in docs/runbooks.md.
#pragma once

#include <string>
#include <vector>

#include "engine/facts/condition.hpp"
#include "engine/fleet/file.hpp"
#include "engine/run/operation.hpp"
#include "engine/run/runbook.hpp"

namespace pgconvoy {

// What parse_runbook() reads back is equal, and so is its digest.
std::string runbook_to_yaml(const Runbook& runbook);

struct ParsedRunbook {
  Runbook runbook;
  std::vector<FileProblem> problems;  // all of them at once, in the order of the file; empty means it is well-formed
};

// Reads strictly: unknown key, operation, condition or parameter, wrong type, duplicate, a reference to a parameter
// that the runbook hasn't, a bracket without operations, operations in what isn't a bracket. Whether the operations
// make sense together is validate()'s to say (validate.hpp). Never throws; touches nothing.
ParsedRunbook parse_runbook(const std::string& yaml, const OperationRegistry& operations,
                            const ConditionRegistry& conditions);

}  // namespace pgconvoy
