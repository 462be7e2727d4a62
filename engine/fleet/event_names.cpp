#include "engine/fleet/event_names.hpp"

namespace pgconvoy {

const std::vector<std::string_view>& event_names() {
  static const std::vector<std::string_view> names{
      "run_planned", "target_planned", "run_started", "run_intent", "run_ended",
      "run_waits", "wave_opened", "wave_ended", "wave_approved", "limits_set", "target_asked", "app_unhealthy", "owner_notice", "pause_over_budget",
      "target_claimed", "facts_gathered", "override_given", "step_started", "step_probed",
      "step_succeeded", "step_failed", "pivot", "undo_started", "step_undone",
      "undo_failed", "target_rolling_back", "target_rolled_back", "target_succeeded", "target_skipped",
      "target_stuck", "target_resolved", "obligation_made", "obligation_done", "obligation_cancelled",
      "note"};
  return names;
}

}  // namespace pgconvoy
