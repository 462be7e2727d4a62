// What each event means for a target; for its steps see fold_step.cpp. docs/journal.md, "Event kinds" and "What the
// fold refuses".
#include <fmt/format.h>

#include "engine/journal/event.hpp"
#include "engine/journal/fold_step.hpp"
#include "engine/journal/left_out.hpp"

namespace pgconvoy {
namespace {

bool has_ended(TargetState state) {
  return state == TargetState::succeeded || state == TargetState::skipped || state == TargetState::rolled_back ||
         state == TargetState::stuck;
}

bool fate_is_open(StepStatus status) {
  return status == StepStatus::started || status == StepStatus::unknown || status == StepStatus::undo_started ||
         status == StepStatus::undo_failed;
}

std::string plan(TargetRecord& target, const Event& event) {
  if (target.number != 0) return "the target was planned already";
  if (event.target < 1) return "a target's number starts at 1";
  const json named = field_of(event.data, "target");
  target.run = event.run;
  target.number = event.target;
  target.id = named.at("id").get<std::string>();
  target.region = named.at("region").get<std::string>();
  return {};
}

std::string claim(TargetRecord& target, const Event& event) {
  if (event.epoch <= target.epoch)
    return fmt::format("a claim must raise the epoch {}, not set it to {}", target.epoch, event.epoch);
  target.epoch = event.epoch;
  if (!target.started) target.started = event.at;
  if (target.state != TargetState::rolling_back) target.state = TargetState::running;
  target.ended.reset();
  return {};
}

// What a person decided about a step whose fate is open, and what a rollback ends of it.
std::string resolve(TargetRecord& target, const Event& event) {
  if (target.state == TargetState::pending) return "there is nothing to resolve in a target that never ran";
  if (has_ended(target.state) && target.state != TargetState::stuck)
    return fmt::format("there is nothing to resolve in a target that is {}", to_string(target.state));
  const auto path = event.step.empty() ? event.data.value("step", std::string()) : event.step;
  if (path.empty()) return "the event names no step";
  const auto found = target.steps.find(path);
  if (found == target.steps.end()) return fmt::format("the step \"{}\" was never started", path);
  StepRecord& step = found->second;
  const json as = field_of(event.data, "as");
  const bool ends_leaving_out = as == "undone" && left_out(step);
  if (!fate_is_open(step.status) && step.status != StepStatus::failed && !ends_leaving_out)
    return fmt::format("the step \"{}\" is {}: there is nothing to decide about it", path, to_string(step.status));
  if (as == "done") {
    step.status = StepStatus::succeeded;
    if (event.data.contains("outcome")) step.outcome = event.data["outcome"];
    step.error = nullptr;
  } else if (as == "absent" || as == "undone") {
    step.status = StepStatus::undone;
    step.outcome = step.error = nullptr;
  } else if (as == "skip") {
    const bool undoing = step.status == StepStatus::undo_started || step.status == StepStatus::undo_failed;
    step.status = StepStatus::undone;
    step.outcome = {{"left_out", {{"reason", field_of(event.data, "reason")}, {"undo", undoing}}}};
  } else {
    return "a step is resolved as done, absent, skip or undone";
  }
  step.epoch = event.epoch;
  step.ended = event.at;
  note_pause(target, event.at);
  return {};
}

// succeeded, skipped, rolled_back or stuck.
std::string end_target(TargetRecord& target, const Event& event, TargetState state) {
  if (has_ended(target.state)) return fmt::format("the target is {} already", to_string(target.state));
  const bool may_be_pending = state == TargetState::skipped;
  const bool needs_rollback = state == TargetState::rolled_back;
  if (target.state == TargetState::pending && !may_be_pending) return "the target was never claimed";
  if (needs_rollback && target.state != TargetState::rolling_back) return "the target is not rolling back";
  if (!needs_rollback && state != TargetState::stuck && target.state == TargetState::rolling_back)
    return "the target is rolling back";
  if (state != TargetState::stuck)
    for (const auto& [path, step] : target.steps)
      if (fate_is_open(step.status) || (state == TargetState::succeeded && step.status == StepStatus::failed))
        return fmt::format("its step \"{}\" is {}", path, to_string(step.status));
  target.state = state;
  target.ended = event.at;
  if (state == TargetState::skipped || state == TargetState::stuck) target.reason = event.data;
  if (state == TargetState::succeeded) target.reason = nullptr;
  if (state == TargetState::rolled_back) target.pivoted = false;
  return {};
}

std::string roll_back(TargetRecord& target, const Event& event) {
  if (target.state != TargetState::running && target.state != TargetState::rolling_back)
    return fmt::format("a target that is {} can't roll back before it is claimed", to_string(target.state));
  target.state = TargetState::rolling_back;
  target.reason = event.data;
  return {};
}

std::string pivot(TargetRecord& target) {
  if (target.state != TargetState::running)
    return fmt::format("no pivot in a target that is {}", to_string(target.state));
  if (target.pivoted) return "the target has pivoted already";
  target.pivoted = true;
  return {};
}

std::string apply_to_target(TargetRecord& target, const Event& event) {
  if (event.kind == EventKind::target_planned) return plan(target, event);
  if (target.number == 0) return "the target was never planned";
  if (event.run != target.run || event.target != target.number) return "the event is about another target";
  if (event.kind == EventKind::target_claimed) return claim(target, event);
  if (event.epoch < target.epoch)
    return fmt::format("epoch {} was superseded by epoch {}: another process has claimed the target", event.epoch,
                       target.epoch);
  if (event.epoch > target.epoch)
    return fmt::format("nobody claimed epoch {}, the target's is {}", event.epoch, target.epoch);
  switch (event.kind) {
    case EventKind::step_started:
    case EventKind::step_probed:
    case EventKind::step_succeeded:
    case EventKind::step_failed:
    case EventKind::undo_started:
    case EventKind::step_undone:
    case EventKind::undo_failed:
      return apply_to_step(target, event);
    case EventKind::pivot:
      return pivot(target);
    case EventKind::target_rolling_back:
      return roll_back(target, event);
    case EventKind::target_rolled_back:
      return end_target(target, event, TargetState::rolled_back);
    case EventKind::target_succeeded:
      return end_target(target, event, TargetState::succeeded);
    case EventKind::target_skipped:
      return end_target(target, event, TargetState::skipped);
    case EventKind::target_stuck:
      return end_target(target, event, TargetState::stuck);
    case EventKind::target_resolved:
      return resolve(target, event);
    case EventKind::facts_gathered:
    case EventKind::override_given:
    case EventKind::obligation_made:
    case EventKind::obligation_done:
    case EventKind::obligation_cancelled:
    case EventKind::note:
      return {};
    default:
      return "the event is about a run, not about a target";
  }
}

}  // namespace

std::string apply(TargetRecord& target, const Event& event) {
  try {
    return apply_to_target(target, event);
  } catch (const json::exception& problem) {
    return fmt::format("the event's data are not as specified: {}", problem.what());
  }
}

}  // namespace pgconvoy
