// What a summary is made of, out of the journal: all of a run, what is under way of it, or one target.
#include <fmt/format.h>

#include <algorithm>

#include "engine/report/run_summary.hpp"

namespace pgconvoy::report {

// What the projections don't keep. Only for runs that have something to explain: the events of a large one are many.
Result<void> read_causes(Journal& journal, SummaryInput& input) {
  const bool wanted = std::any_of(input.targets.begin(), input.targets.end(), [&](const TargetRecord& target) {
    const bool in_flight = target.state == TargetState::running || target.state == TargetState::rolling_back;
    return target.state == TargetState::stuck || (in_flight && input.run.state != RunState::running);
  });
  if (!wanted) return {};
  return journal.events(input.run.id, 0, [&](const Event& event) {
    switch (event.kind) {
      case EventKind::target_claimed:
        input.left_because.erase(event.target);
        break;
      case EventKind::step_started:  // forward again: what failed before is over
        input.first_failures.erase(event.target);
        break;
      case EventKind::target_rolling_back:
        input.first_failures.try_emplace(event.target, event.data);
        break;
      case EventKind::note:
        if (event.step.empty() && event.data.contains("error")) input.left_because[event.target] = event.data.at("error").value("message", "");
        break;
      default:
        break;
    }
    return true;
  });
}

Result<RolloutRecord> read_rollout(Journal& journal, const RunRecord& run) {
  std::vector<Event> own;
  TRY_VOID(journal.own_events(run.id, 0, [&own](const Event& event) {
    own.push_back(event);
    return true;
  }));
  int targets = 0;
  for (const auto& [state, count] : run.counts) targets += count;
  try {
    return rollout_record(run.plan.is_object() ? run.plan.value("options", json()) : json(), own, targets);
  } catch (const json::exception& damage) {
    return Error(ErrorKind::corrupt, fmt::format("the own events of {} can't be read: {}", run.name, damage.what()), "pgconvoy journal verify");
  }
}

static bool is_open(const TargetRecord& target) {
  return target.state == TargetState::running || target.state == TargetState::rolling_back || target.state == TargetState::stuck;
}

static Result<SummaryInput> begin_brief(Journal& journal, std::int64_t run, WallTime now) {
  SummaryInput input;
  input.now = now;
  input.brief = true;
  TRY(input.run, journal.run_without_plan(run));
  input.run.plan = json::object();
  TRY(input.rollout, read_rollout(journal, input.run));
  // A run without targets has none.
  const auto first = journal.planned_target(run, 1);
  try {
    if (first) input.first_planned = first->get<PlannedTarget>();
  } catch (const json::exception& failure) {
    return Error(ErrorKind::corrupt, fmt::format("the plan of {} can't be read: {}", input.run.name, failure.what()), "pgconvoy journal verify");
  }
  return input;
}

// With their steps and plans.
static Result<void> read_open_ones(Journal& journal, SummaryInput& input) {
  input.planned.resize(input.targets.size());
  try {
    for (std::size_t i = 0; i < input.targets.size(); ++i) {
      if (!is_open(input.targets[i])) continue;
      TRY(input.targets[i], journal.target(input.run.id, input.targets[i].number));
      TRY(const json planned, journal.planned_target(input.run.id, input.targets[i].number));
      input.planned[i] = planned.get<PlannedTarget>();
    }
  } catch (const json::exception& failure) {
    return Error(ErrorKind::corrupt, fmt::format("the plan of {} can't be read: {}", input.run.name, failure.what()),
                 "pgconvoy journal verify");
  }
  return {};
}

Result<SummaryInput> read_brief(Journal& journal, std::int64_t run, WallTime now) {
  TRY(SummaryInput input, begin_brief(journal, run, now));
  TRY(input.targets, journal.targets(run, false));
  TRY_VOID(read_open_ones(journal, input));
  return input;
}

Result<SummaryInput> read_standing(Journal& journal, std::int64_t run, WallTime now) {
  TRY(SummaryInput input, begin_brief(journal, run, now));
  input.pace.emplace(now);
  TRY_VOID(journal.visit_targets(run, [&](const TargetRecord& target) -> Result<void> {
    input.pace->add(target);
    if (is_open(target))
      input.targets.push_back(target);
    else
      input.counted.add(summarize_record(target, now));
    return {};
  }));
  TRY_VOID(read_open_ones(journal, input));
  return input;
}

Result<SummaryInput> read_summary_of_target(Journal& journal, std::int64_t run, int number, WallTime now) {
  SummaryInput input;
  input.now = now;
  input.brief = true;  // a part of a run can't be simulated: its targets name each other by their places
  TRY(input.run, journal.run(run));
  TRY(input.rollout, read_rollout(journal, input.run));
  TRY(TargetRecord target, journal.target(run, number));
  input.targets.push_back(std::move(target));
  TRY(const json planned, journal.planned_target(run, number));
  try {
    input.planned.push_back(planned.get<PlannedTarget>());
  } catch (const json::exception& failure) {
    return Error(ErrorKind::corrupt, fmt::format("the plan of {} can't be read: {}", input.run.name, failure.what()), "pgconvoy journal verify");
  }
  TRY(input.obligations, journal.obligations(false));
  TRY(input.backups, journal.backups());
  TRY_VOID(read_causes(journal, input));
  return input;
}

Result<SummaryInput> read_summary(Journal& journal, std::int64_t run, WallTime now) {
  SummaryInput input;
  input.now = now;
  TRY(input.run, journal.run(run));
  TRY(input.rollout, read_rollout(journal, input.run));
  TRY(input.targets, journal.targets(run, true));
  try {
    for (const TargetRecord& target : input.targets) {
      TRY(const json planned, journal.planned_target(run, target.number));
      input.planned.push_back(planned.get<PlannedTarget>());
    }
  } catch (const json::exception& failure) {
    return Error(ErrorKind::corrupt, fmt::format("the plan of {} can't be read: {}", input.run.name, failure.what()),
                 "pgconvoy journal verify");
  }
  TRY(input.obligations, journal.obligations(false));
  TRY(input.backups, journal.backups());
  TRY_VOID(read_causes(journal, input));
  return input;
}

}  // namespace pgconvoy::report
