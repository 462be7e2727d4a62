#include "engine/run/live_database.hpp"

namespace pgconvoy {

std::string live_database(const TargetRecord& target) {
  // A way back that would have lost something has fenced the new database before it compared.
  for (const auto& [path, step] : target.steps)
    if (step.status == StepStatus::undo_failed && step.error.is_object() && step.error.value("kind", "") == "conflict" &&
        (path.find("redeploy") != std::string::npos || path.find("enable_reprovisioned_services") != std::string::npos))
      return "neither: both are fenced";
  bool fenced = false;
  for (const StepRecord* step : target.in_order()) {
    if (step->status == StepStatus::none || step->status == StepStatus::undone) continue;
    if (step->path.find("enable_reprovisioned_services") != std::string::npos &&
        (step->status == StepStatus::succeeded || step->status == StepStatus::undo_failed ||
         step->status == StepStatus::undo_started))
      return "the new one (the binding was already changed)";
    fenced |= step->path.find("fence_source") != std::string::npos;
  }
  return fenced ? "neither: the old one is fenced, or was about to be, and the app is still bound to it" : "the old one";
}

}  // namespace pgconvoy
