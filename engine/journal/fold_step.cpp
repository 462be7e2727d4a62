// What each event means for a step, and with it for the pause of its target. docs/journal.md, "Probes" and "Pauses".
#include "engine/journal/fold_step.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/journal/step_path.hpp"

namespace pgconvoy {
namespace {

bool is_paused(const TargetRecord& target) {
  int on = 0, off = 0;
  for (const auto& [path, step] : target.steps) {
    const auto operation = operation_of(path);
    if (operation == "page_on" && step.status != StepStatus::none && step.status != StepStatus::undone) ++on;
    if (operation == "page_off" && step.status == StepStatus::succeeded) ++off;
  }
  return on > off;
}

// An event that the journal has not numbered (yet) comes after everything known.
std::int64_t next_start(const TargetRecord& target) {
  std::int64_t last = 0;
  for (const auto& [path, step] : target.steps) last = std::max(last, step.first_started);
  return last + 1;
}

std::string start_step(TargetRecord& target, const Event& event) {
  if (target.state != TargetState::running)
    return fmt::format("no step starts in a target that is {}", to_string(target.state));
  const auto found = target.steps.find(event.step);
  StepRecord step = found == target.steps.end() ? StepRecord{} : found->second;
  switch (step.status) {
    case StepStatus::started:
      return "the step was started and has no outcome: it must be probed first";
    case StepStatus::succeeded:
      return "the step has succeeded and is never run again";
    case StepStatus::undo_started:
    case StepStatus::undo_failed:
      return "the step is being undone";
    case StepStatus::none:
    case StepStatus::undone:
      step.first_started = event.sequence > 0 ? event.sequence : next_start(target);
      break;
    case StepStatus::failed:
    case StepStatus::unknown:
      break;
  }
  if (event.attempt <= step.attempt)
    return fmt::format("attempt {} of the step does not follow attempt {}", event.attempt, step.attempt);
  step.path = event.step;
  step.status = StepStatus::started;
  step.attempt = event.attempt;
  step.intent = field_of(event.data, "intent");
  step.outcome = step.error = nullptr;
  step.started = event.at;
  step.ended.reset();
  target.steps[event.step] = std::move(step);
  return {};
}

std::string probe_step(StepRecord& step, const Event& event) {
  const json verdict = field_of(event.data, "verdict");
  if (verdict != "done" && verdict != "absent" && verdict != "partial" && verdict != "unknown")
    return "the verdict of a probe is done, absent, partial or unknown";
  if (step.status == StepStatus::none || step.status == StepStatus::succeeded || step.status == StepStatus::undone)
    return {};
  if (verdict == "done")
    step.status = StepStatus::started;
  else
    step.status = verdict == "absent" ? StepStatus::none : StepStatus::unknown;
  return {};
}

std::string end_step(StepRecord& step, const Event& event) {
  if (step.status != StepStatus::started)
    return fmt::format("an outcome needs a step that is started; this one is {}", to_string(step.status));
  if (event.attempt != step.attempt)
    return fmt::format("an outcome of attempt {} after the start of attempt {}", event.attempt, step.attempt);
  if (event.kind == EventKind::step_succeeded) {
    step.status = StepStatus::succeeded;
    step.outcome = field_of(event.data, "outcome");
  } else {
    step.status = StepStatus::failed;
    step.error = field_of(event.data, "error");
  }
  step.ended = event.at;
  return {};
}

std::string undo_step(StepRecord& step, const Event& event) {
  if (event.kind == EventKind::undo_started) {
    if (step.status == StepStatus::undone) return "the step is undone already";
    step.status = StepStatus::undo_started;
    return {};
  }
  if (step.status != StepStatus::undo_started)
    return fmt::format("an undo that was not started: the step is {}", to_string(step.status));
  if (event.kind == EventKind::step_undone) {
    step.status = StepStatus::undone;
  } else {
    step.status = StepStatus::undo_failed;
    step.error = field_of(event.data, "error");
  }
  step.ended = event.at;
  return {};
}

}  // namespace

json field_of(const json& data, const char* key) { return data.is_object() ? data.value(key, json()) : json(); }

void note_pause(TargetRecord& target, WallTime at) {
  const bool was_paused = target.paused_at && !target.resumed_at;
  const bool paused = is_paused(target);
  if (paused && !was_paused) {
    target.paused_at = at;
    target.resumed_at.reset();
  } else if (!paused && was_paused) {
    target.resumed_at = at;
  }
}

std::string apply_to_step(TargetRecord& target, const Event& event) {
  if (event.step.empty()) return "the event names no step";
  if (target.state != TargetState::running && target.state != TargetState::rolling_back)
    return fmt::format("nothing happens to the steps of a target that is {} before it is claimed",
                       to_string(target.state));
  std::string refusal;
  if (event.kind == EventKind::step_started) {
    refusal = start_step(target, event);
  } else {
    const auto found = target.steps.find(event.step);
    if (found == target.steps.end()) return "the step was never started";
    if (event.kind == EventKind::step_probed)
      refusal = probe_step(found->second, event);
    else if (event.kind == EventKind::step_succeeded || event.kind == EventKind::step_failed)
      refusal = end_step(found->second, event);
    else
      refusal = undo_step(found->second, event);
  }
  if (!refusal.empty()) return refusal;
  target.steps.at(event.step).epoch = event.epoch;
  note_pause(target, event.at);
  return {};
}

}  // namespace pgconvoy
