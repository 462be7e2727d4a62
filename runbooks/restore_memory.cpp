#include "runbooks/restore_memory.hpp"

#include "engine/plan/restore_memory.hpp"

namespace pgconvoy {
namespace {

Result<void> check_amounts(const std::vector<RunbookNode>& nodes) {
  for (const RunbookNode& node : nodes) {
    auto asked = asked_restore_memory(node.arguments);
    if (!asked) return std::move(asked).error().within(node.name + ", nothing was changed");
    TRY_VOID(check_amounts(node.children));
  }
  return {};
}

}  // namespace

Result<void> check_restore_memory(const Runbook& runbook) { return check_amounts(runbook.operations); }

}  // namespace pgconvoy
