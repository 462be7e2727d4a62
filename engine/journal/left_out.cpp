#include "engine/journal/left_out.hpp"

namespace pgconvoy {

std::optional<LeftOut> left_out(const StepRecord& step) {
  if (step.status != StepStatus::undone || !step.outcome.is_object()) return std::nullopt;
  const auto found = step.outcome.find("left_out");
  if (found == step.outcome.end() || !found->is_object()) return std::nullopt;
  LeftOut result;
  result.reason = found->value("reason", "");
  result.undo = found->value("undo", false);
  return result;
}

}  // namespace pgconvoy
