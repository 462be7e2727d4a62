#include "engine/journal/event.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace pgconvoy {
namespace {

template <class Value, std::size_t count>
using Names = std::array<std::pair<Value, const char*>, count>;

constexpr Names<EventKind, 35> kKinds{{
    {EventKind::run_planned, "run_planned"},
    {EventKind::target_planned, "target_planned"},
    {EventKind::run_started, "run_started"},
    {EventKind::run_intent, "run_intent"},
    {EventKind::run_ended, "run_ended"},
    {EventKind::run_waits, "run_waits"},
    {EventKind::wave_opened, "wave_opened"},
    {EventKind::wave_ended, "wave_ended"},
    {EventKind::wave_approved, "wave_approved"},
    {EventKind::limits_set, "limits_set"},
    {EventKind::target_asked, "target_asked"},
    {EventKind::app_unhealthy, "app_unhealthy"},
    {EventKind::owner_notice, "owner_notice"},
    {EventKind::pause_over_budget, "pause_over_budget"},
    {EventKind::target_claimed, "target_claimed"},
    {EventKind::facts_gathered, "facts_gathered"},
    {EventKind::override_given, "override_given"},
    {EventKind::step_started, "step_started"},
    {EventKind::step_probed, "step_probed"},
    {EventKind::step_succeeded, "step_succeeded"},
    {EventKind::step_failed, "step_failed"},
    {EventKind::pivot, "pivot"},
    {EventKind::undo_started, "undo_started"},
    {EventKind::step_undone, "step_undone"},
    {EventKind::undo_failed, "undo_failed"},
    {EventKind::target_rolling_back, "target_rolling_back"},
    {EventKind::target_rolled_back, "target_rolled_back"},
    {EventKind::target_succeeded, "target_succeeded"},
    {EventKind::target_skipped, "target_skipped"},
    {EventKind::target_stuck, "target_stuck"},
    {EventKind::target_resolved, "target_resolved"},
    {EventKind::obligation_made, "obligation_made"},
    {EventKind::obligation_done, "obligation_done"},
    {EventKind::obligation_cancelled, "obligation_cancelled"},
    {EventKind::note, "note"},
}};

constexpr Names<RunState, 6> kRunStates{{
    {RunState::planned, "planned"},
    {RunState::running, "running"},
    {RunState::succeeded, "succeeded"},
    {RunState::finished_with_failures, "finished_with_failures"},
    {RunState::halted, "halted"},
    {RunState::cancelled, "cancelled"},
}};

constexpr Names<RunIntent, 3> kIntents{{
    {RunIntent::none, "none"},
    {RunIntent::pause, "pause"},
    {RunIntent::cancel, "cancel"},
}};

constexpr Names<TargetState, 7> kTargetStates{{
    {TargetState::pending, "pending"},
    {TargetState::running, "running"},
    {TargetState::succeeded, "succeeded"},
    {TargetState::skipped, "skipped"},
    {TargetState::rolling_back, "rolling_back"},
    {TargetState::rolled_back, "rolled_back"},
    {TargetState::stuck, "stuck"},
}};

constexpr Names<StepStatus, 8> kStepStatuses{{
    {StepStatus::none, "none"},
    {StepStatus::started, "started"},
    {StepStatus::succeeded, "succeeded"},
    {StepStatus::failed, "failed"},
    {StepStatus::unknown, "unknown"},
    {StepStatus::undo_started, "undo_started"},
    {StepStatus::undone, "undone"},
    {StepStatus::undo_failed, "undo_failed"},
}};

template <class Value, std::size_t count>
const char* name_of(const Names<Value, count>& names, Value wanted) {
  for (const auto& [value, name] : names)
    if (value == wanted) return name;
  return "?";
}

template <class Value, std::size_t count>
std::optional<Value> value_of(const Names<Value, count>& names, const std::string& wanted) {
  for (const auto& [value, name] : names)
    if (wanted == name) return value;
  return std::nullopt;
}

}  // namespace

const char* to_string(EventKind kind) { return name_of(kKinds, kind); }
std::optional<EventKind> event_kind_from_string(const std::string& name) { return value_of(kKinds, name); }

const char* to_string(RunState state) { return name_of(kRunStates, state); }
const char* to_string(RunIntent intent) { return name_of(kIntents, intent); }
const char* to_string(TargetState state) { return name_of(kTargetStates, state); }
const char* to_string(StepStatus status) { return name_of(kStepStatuses, status); }

// A name that isn't one gives the state from which nothing goes on by itself; who reads from outside compares
// to_string() of the result with the name.
RunState run_state_from_string(const std::string& name) {
  return value_of(kRunStates, name).value_or(RunState::halted);
}
RunIntent run_intent_from_string(const std::string& name) {
  return value_of(kIntents, name).value_or(RunIntent::pause);
}
TargetState target_state_from_string(const std::string& name) {
  return value_of(kTargetStates, name).value_or(TargetState::stuck);
}
StepStatus step_status_from_string(const std::string& name) {
  return value_of(kStepStatuses, name).value_or(StepStatus::unknown);
}

std::vector<const StepRecord*> TargetRecord::in_order() const {
  std::vector<const StepRecord*> result;
  for (const auto& [path, step] : steps)
    if (step.attempt > 0) result.push_back(&step);
  std::stable_sort(result.begin(), result.end(), [](const StepRecord* left, const StepRecord* right) {
    return left->first_started < right->first_started;
  });
  return result;
}

}  // namespace pgconvoy
