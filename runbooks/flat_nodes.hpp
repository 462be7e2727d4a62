// The operations of a runbook in the order in which they would run, brackets opened, for one look at a time.
#pragma once

#include <string>
#include <vector>

#include "engine/run/operation.hpp"
#include "engine/run/runbook.hpp"

namespace pgconvoy {

struct FlatNode {
  std::string operation;
  std::string path;     // "with_maintenance_page/redeploy"
  int bracket = -1;     // which bracket around it that holds the fence; -1: none
  bool rehearsed = false;  // inside of the bracket of a rehearsal, which fences nothing
  bool written = true;  // it stands in the runbook itself; false: opened or closed by its bracket
};

// Names that no registry knows are left in as operations.
std::vector<FlatNode> flatten(const Runbook& runbook, const OperationRegistry& operations);

}  // namespace pgconvoy
