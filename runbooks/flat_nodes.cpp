#include "runbooks/flat_nodes.hpp"

#include <algorithm>

namespace pgconvoy {
namespace {

class Flattening {
 public:
  explicit Flattening(const OperationRegistry& operations) : operations_(operations) {}

  void add(const std::vector<RunbookNode>& nodes, const std::string& prefix, int fence) {
    for (const RunbookNode& node : nodes) {
      const std::string path = prefix + node.name;
      const Bracket* bracket = operations_.find_bracket(node.name);
      if (!bracket) {
        result.push_back({node.name, path, fence, true});
        continue;
      }
      const bool fences =
          std::find(bracket->opening.begin(), bracket->opening.end(), "fence_source") != bracket->opening.end();
      const int inside = fences ? ++fences_ : fence;
      for (const std::string& name : bracket->opening) result.push_back({name, path + "/" + name, inside, false});
      add(node.children, path + "/", inside);
      for (const std::string& name : bracket->closing) result.push_back({name, path + "/" + name, inside, false});
    }
  }

  std::vector<FlatNode> result;

 private:
  const OperationRegistry& operations_;
  int fences_ = -1;
};

}  // namespace

std::vector<FlatNode> flatten(const Runbook& runbook, const OperationRegistry& operations) {
  Flattening flattening(operations);
  flattening.add(runbook.operations, "", -1);
  return std::move(flattening.result);
}

}  // namespace pgconvoy
