#include "runbooks/flat_nodes.hpp"

#include <algorithm>

namespace pgconvoy {
namespace {

class Flattening {
 public:
  explicit Flattening(const OperationRegistry& operations) : operations_(operations) {}

  void add(const std::vector<RunbookNode>& nodes, const std::string& prefix, int fence, bool rehearsed) {
    for (const RunbookNode& node : nodes) {
      const std::string path = prefix + node.name;
      const Bracket* bracket = operations_.find_bracket(node.name);
      if (!bracket) {
        result.push_back({node.name, path, fence, rehearsed, true});
        continue;
      }
      const auto opens_with = [bracket](const char* name) {
        return std::find(bracket->opening.begin(), bracket->opening.end(), name) != bracket->opening.end();
      };
      const bool fences = opens_with("fence_source"), rehearses = rehearsed || opens_with("hold_snapshot");
      const int inside = fences ? ++fences_ : fence;
      for (const std::string& name : bracket->opening) result.push_back({name, path + "/" + name, inside, rehearses, false});
      add(node.children, path + "/", inside, rehearses);
      for (const std::string& name : bracket->closing) result.push_back({name, path + "/" + name, inside, rehearses, false});
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
  flattening.add(runbook.operations, "", -1, false);
  return std::move(flattening.result);
}

}  // namespace pgconvoy
