#include "engine/journal/invariants.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/journal/fold.hpp"
#include "engine/journal/left_out.hpp"

namespace pgconvoy {
namespace {

constexpr std::int64_t kForever = INT64_MAX;

bool is_at_an_end(TargetState state) {
  return state == TargetState::succeeded || state == TargetState::skipped || state == TargetState::rolled_back ||
         state == TargetState::stuck;
}

bool is_in_effect(const StepRecord& step) {
  return step.attempt > 0 && step.status != StepStatus::none && step.status != StepStatus::undone;
}

StepStatus status_of(const TargetRecord& target, const std::string& path) {
  const auto found = target.steps.find(path);
  return found == target.steps.end() ? StepStatus::none : found->second.status;
}

// Done, or left out by a person's word: what is planned after it may begin.
bool is_passed_over(const TargetRecord& target, const std::string& path) {
  const auto found = target.steps.find(path);
  if (found == target.steps.end()) return false;
  const auto without = left_out(found->second);
  return found->second.status == StepStatus::succeeded || (without && !without->undo);
}

// A run that is cancelled skips what nobody ever claimed.
bool is_skip_of_untouched(const TargetRecord& before, const Event& event) {
  return event.kind == EventKind::target_skipped && before.state == TargetState::pending;
}

// Only a process that executes the run writes these; a person's word and what is done with obligations comes from others.
bool is_of_execution(EventKind kind) {
  switch (kind) {
    case EventKind::facts_gathered:
    case EventKind::step_started:
    case EventKind::step_probed:
    case EventKind::step_succeeded:
    case EventKind::step_failed:
    case EventKind::pivot:
    case EventKind::undo_started:
    case EventKind::step_undone:
    case EventKind::undo_failed:
    case EventKind::target_rolling_back:
    case EventKind::target_rolled_back:
    case EventKind::target_succeeded:
    case EventKind::target_skipped:
    case EventKind::target_stuck:
      return true;
    default:
      return false;
  }
}

// A member that is text; "" otherwise.
std::string text_of(const json& data, const char* key) {
  const auto found = data.find(key);
  return found != data.end() && found->is_string() ? found->get<std::string>() : std::string();
}

json member_of(const json& data, const char* key) {
  const auto found = data.find(key);
  return found != data.end() ? *found : json();
}

}  // namespace

std::string describe(const Violation& violation) {
  std::string place = fmt::format("event {} of r{}", violation.sequence, violation.run);
  if (violation.target != 0) place += fmt::format("/t{}", violation.target);
  if (!violation.step.empty()) place += fmt::format(", step \"{}\"", violation.step);
  return fmt::format("{}: {}; {}", place, violation.what, violation.means);
}

void Invariants::report(const Event& event, std::string what, std::string means) {
  report_({event.run, event.target, event.step, event.sequence, std::move(what), std::move(means)});
}

void Invariants::next(const RunRecord&, const Event& event) {
  if (event.kind == EventKind::run_planned) {
    run_ = event.run;
    planned_ = event.sequence;
    sessions_.clear();
    waves_.clear();
    asked_for_.clear();
  } else if (event.kind == EventKind::run_started) {
    sessions_.push_back({event.sequence, 0, member_of(event.data, "pid"), member_of(event.data, "only") == true, text_of(event.data, "worker"), RunState::running});
  } else if (event.kind == EventKind::wave_opened) {
    if (const json first = member_of(event.data, "first"); first.is_number()) waves_.emplace_back(event.sequence, first.get<int>());
  } else if (event.kind == EventKind::target_asked) {
    if (const json number = member_of(event.data, "target"); number.is_number()) asked_for_.try_emplace(number.get<int>(), event.sequence);
  } else if (event.kind == EventKind::run_ended && !sessions_.empty()) {
    // Workers end together: whoever ends the run has seen that nobody holds a target.
    const bool together = !sessions_.back().worker.empty();
    for (auto session = sessions_.rbegin(); session != sessions_.rend() && session->ended == 0; ++session) {
      if (session != sessions_.rbegin() && !(together && !session->worker.empty())) break;
      session->ended = event.sequence;
      session->as = run_state_from_string(text_of(event.data, "state"));
    }
  }
}

void Invariants::next(const TargetRecord& before, const Event& event) {
  if (event.run != run_) {
    run_ = event.run;
    planned_ = 0;
    sessions_.clear();
    waves_.clear();
    asked_for_.clear();
  }
  if (event.kind == EventKind::target_planned) return plan(event);
  compare_ends(before, event.sequence);
  if (!is_skip_of_untouched(before, event)) one_holder(event);
  if (event.kind == EventKind::target_claimed && before.state == TargetState::pending) in_its_wave(before, event);
  switch (event.kind) {
    case EventKind::facts_gathered:
      seen_.checked = true;
      seen_.blocking.clear();
      for (const json& finding : member_of(event.data, "findings"))
        if (finding.is_object() && text_of(finding, "severity") == "block") seen_.blocking = text_of(finding, "condition");
      break;
    case EventKind::step_started:
    case EventKind::step_succeeded:
    case EventKind::step_failed:
    case EventKind::undo_started:
    case EventKind::step_undone:
    case EventKind::undo_failed:
      step(before, event);
      break;
    case EventKind::pivot:
      pivot(before, event);
      break;
    case EventKind::target_succeeded:
    case EventKind::target_rolled_back:
    case EventKind::target_skipped:
      ended(before, event);
      break;
    case EventKind::obligation_made:
    case EventKind::obligation_done:
    case EventKind::obligation_cancelled:
      if (seen_.planned) obligation(before, event);
      break;
    default:
      break;
  }
}

void Invariants::end(const TargetRecord& after) { compare_ends(after, kForever); }

// Ends of the run that came before `until`, and after everything of this target that was seen.
void Invariants::compare_ends(const TargetRecord& target, std::int64_t until) {
  if (!seen_.planned) return;
  for (; seen_.ends_compared < sessions_.size(); ++seen_.ends_compared) {
    const Session& session = sessions_[seen_.ends_compared];
    if (session.ended == 0) continue;
    if (session.ended > until) return;
    if (seen_.ends_compared > 0 && sessions_[seen_.ends_compared - 1].ended == session.ended) continue;
    const bool as_said = session.as == RunState::succeeded                ? target.state == TargetState::succeeded
                         : session.as == RunState::finished_with_failures ? is_at_an_end(target.state)
                         : session.as == RunState::cancelled              ? is_at_an_end(target.state)
                                                                          : true;
    if (as_said) continue;
    report_({target.run, target.number, {}, session.ended,
             fmt::format("the run ended as {} while this target was {}", to_string(session.as), to_string(target.state)),
             "what was reported of the run as a whole is not so"});
  }
}

void Invariants::plan(const Event& event) {
  seen_ = Seen();
  if (planned_ != 0 && event.sequence != planned_ + event.target)
    report(event, fmt::format("the target was not planned together with its run, whose event is {}", planned_),
           "the selection is frozen when a run is planned: somebody added or exchanged a target");
  if (const json number = member_of(event.data, "number"); number.is_number() && number != event.target)
    report(event, fmt::format("its plan says that it is target {}", number.dump()), "two targets were exchanged");
  const json steps = member_of(event.data, "steps");
  seen_.planned = steps.is_array();
  if (!seen_.planned) return;
  for (const json& step : steps)
    if (step.is_object()) seen_.steps.push_back(text_of(step, "path"));
  const auto has = [&steps](std::initializer_list<std::string_view> operations) {
    return std::any_of(steps.begin(), steps.end(), [&](const json& step) {
      return step.is_object() && std::find(operations.begin(), operations.end(), text_of(step, "operation")) != operations.end();
    });
  };
  seen_.rehearsal = has({"remove_rehearsal"});
  if (seen_.rehearsal && has({"page_on", "stop_app", "fence_source", "enable_reprovisioned_services", "redeploy", "deprovision_collected_instances"}))
    report(event, "its plan rehearses and moves at once", "nobody can tell from its state whether the target was moved");
}

// The latest one that had begun by then; of a worker's own, when one is named.
const Invariants::Session* Invariants::session_at(std::int64_t sequence, const std::string& worker) const {
  auto after = std::upper_bound(sessions_.begin(), sessions_.end(), sequence,
                                [](std::int64_t at, const Session& session) { return at < session.started; });
  while (after != sessions_.begin() && !worker.empty() && std::prev(after)->worker != worker) --after;
  return after == sessions_.begin() ? nullptr : &*std::prev(after);
}

void Invariants::one_holder(const Event& event) {
  const bool claim = event.kind == EventKind::target_claimed;
  const std::string worker = claim ? text_of(event.data, "worker") : seen_.worker;
  if (claim) seen_.worker = worker;
  if (seen_.planned && (claim || is_of_execution(event.kind))) {
    const Session* session = session_at(event.sequence, worker);
    const bool open = session && (session->ended == 0 || session->ended > event.sequence);
    if (claim && !worker.empty() && !open) {
      report(event, fmt::format("worker {} claimed the target without having joined the run", worker),
             "nobody knows who it was: what was done under this claim has to be looked at");
    } else if (claim) {
      const json pid = member_of(event.data, "pid");
      if (open && !pid.is_null() && !session->pid.is_null() && pid != session->pid)
        report(event,
               fmt::format("process {} claimed the target while process {} executed the run (since event {})", pid.dump(),
                           session->pid.dump(), session->started),
               "two processes were at work on one run: what each of them did has to be looked at");
    } else if (!open) {
      report(event, fmt::format("{} while no process executed the run", to_string(event.kind)),
             "it was written by a process that had no right to the target any more, or by hand");
    } else if (seen_.claimed < session->started) {
      report(event,
             fmt::format("{} under a claim (event {}) that is older than the process which executes the run (event {})",
                         to_string(event.kind), seen_.claimed, session->started),
             "two holders were alive at once: an earlier process went on after a later one had begun");
    }
  }
  if (claim) seen_.claimed = event.sequence;
}

// Waves are opened in their order, so a target's wave was opened when no later wave_opened begins at or before its number.
void Invariants::in_its_wave(const TargetRecord& before, const Event& event) {
  if (!seen_.planned || waves_.empty()) return;
  const Session* session = session_at(event.sequence, text_of(event.data, "worker"));
  const auto asked = asked_for_.find(event.target);
  if ((session && session->only) || (asked != asked_for_.end() && asked->second < event.sequence)) return;
  for (const auto& [opened, first] : waves_)
    if (opened > event.sequence && first <= before.number)
      return report(event, fmt::format("the target was begun before its wave was opened (event {})", opened),
                    "what should be seen of the wave before was not waited for");
}

void Invariants::step(const TargetRecord& before, const Event& event) {
  if (event.kind == EventKind::step_started) return start(before, event);
  const auto found = before.steps.find(event.step);
  if (found == before.steps.end()) return;  // the fold's to say
  if (event.kind == EventKind::undo_started) return undo(before, event);
  if (found->second.epoch != event.epoch)
    report(event,
           fmt::format("{} under epoch {} of what was begun under epoch {} and not probed since", to_string(event.kind),
                       event.epoch, found->second.epoch),
           "the later holder can't have known the outcome: whether the effect is there has to be looked at");
  if (event.kind == EventKind::step_succeeded) seen_.succeeded[event.step] = event.sequence;
}

void Invariants::start(const TargetRecord& before, const Event& event) {
  if (!seen_.planned) return;
  if (!seen_.checked)
    report(event, "it was started before the target's facts were gathered and its preconditions evaluated",
           "the target was worked on unchecked");
  else if (!seen_.blocking.empty())
    report(event, fmt::format("it was started although the precondition {} blocks", seen_.blocking),
           "a target whose preconditions don't hold must never be paused");
  const auto planned = std::find(seen_.steps.begin(), seen_.steps.end(), event.step);
  if (planned == seen_.steps.end())
    return report(event, "the plan of this target has no such step", "what was done is not what the plan showed");
  for (auto earlier = seen_.steps.begin(); earlier != planned; ++earlier)
    if (!is_passed_over(before, *earlier))
      return report(event,
                    fmt::format("it was started while the step \"{}\", planned before it, was {}", *earlier,
                                to_string(status_of(before, *earlier))),
                    "it may rest on what was never done, such as a fence or a backup");
}

void Invariants::undo(const TargetRecord& before, const Event& event) {
  // Forward, a single step may be taken back to be done again.
  if (before.state != TargetState::rolling_back) return;
  const StepRecord& undone = before.steps.at(event.step);
  for (const auto& [path, other] : before.steps)
    if (is_in_effect(other) && other.first_started > undone.first_started)
      return report(event,
                    fmt::format("its undo was started while the step \"{}\", begun after it, was {}", path,
                                to_string(other.status)),
                    "undo goes backwards, so that nothing stands on what is already gone");
}

void Invariants::pivot(const TargetRecord& before, const Event& event) {
  if (seen_.rehearsal)
    report(event, "the target of a rehearsal pivoted", "an application was started on a scratch database, or a runbook moves under a rehearsal's name");
  if (status_of(before, event.step) == StepStatus::started) return;
  report(event, event.step.empty() ? "the pivot names no step" : "the pivot comes without its step being started",
         "nobody can tell whether the application has run on the new database");
}

void Invariants::ended(const TargetRecord& before, const Event& event) {
  if (event.kind == EventKind::target_succeeded) {
    for (const auto& path : seen_.steps)
      if (!is_passed_over(before, path))
        return report(event,
                      fmt::format("the target succeeded while its planned step \"{}\" is {}", path, to_string(status_of(before, path))),
                      "the target is not where the report says; pgconvoy status, then look at that step");
    return;
  }
  const bool skipped = event.kind == EventKind::target_skipped;
  for (const auto& [path, step] : before.steps)
    if (is_in_effect(step))
      return report(event,
                    fmt::format("the target {} while its step \"{}\" is {}", skipped ? "was skipped" : "was rolled back", path,
                                to_string(step.status)),
                    "what that step did is still there, though the target counts as untouched");
  for (const auto& [id, owed] : seen_.owed)
    if (!skipped && owed.open && owed.kind != "delete_backup")
      return report(event, fmt::format("the target was rolled back while the obligation \"{}\" is open", id),
                    "what is owed after a success must not be carried out on a target that went back");
}

void Invariants::obligation(const TargetRecord& before, const Event& event) {
  const auto id = obligation_id(event);
  if (event.kind != EventKind::obligation_made) {
    const auto known = seen_.owed.find(id);
    if (known == seen_.owed.end()) return;  // the fold's to say
    if (event.kind == EventKind::obligation_done && known->second.kind == "drop_source") {
      if (before.state != TargetState::succeeded)
        report(event, fmt::format("the obligation \"{}\" was carried out while the target was {}", id, to_string(before.state)),
               "the old database was dropped before the move was complete");
      const auto awaited = seen_.owed.find(known->second.waits_for);
      if (awaited != seen_.owed.end() && awaited->second.open)
        report(event, fmt::format("the obligation \"{}\" was carried out while \"{}\", which it waits for, was open", id,
                                  awaited->first),
               "the old database was dropped before somebody confirmed that the application has left it");
    }
    known->second.open = false;
    return;
  }
  Owed owed{text_of(event.data, "kind"), true, text_of(event.data, "waits_for"), 0};
  if (event.step.empty() && owed.kind != "delete_backup")
    report(event, fmt::format("the obligation \"{}\" comes from no step", id), "nobody can tell what it undoes or ends");
  if (!event.step.empty()) {
    if (status_of(before, event.step) != StepStatus::succeeded)
      report(event, fmt::format("the obligation \"{}\" comes from a step that is {}", id,
                                to_string(status_of(before, event.step))),
             "it is owed for something that was not done");
    owed.success = seen_.succeeded[event.step];
  }
  const auto known = seen_.owed.find(id);
  if (known != seen_.owed.end() && !event.step.empty() && owed.success != 0 && known->second.success == owed.success)
    report(event, fmt::format("the obligation \"{}\" was made twice by one success of its step", id),
           "what was carried out already could be carried out again");
  if (!owed.waits_for.empty() && !seen_.owed.contains(owed.waits_for))
    report(event, fmt::format("the obligation \"{}\" waits for \"{}\", which nobody made", id, owed.waits_for),
           "nothing holds it back when its date has come");
  seen_.owed[id] = std::move(owed);
}

}  // namespace pgconvoy
