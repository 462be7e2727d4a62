#include "engine/run/progress_meters.hpp"

#include <algorithm>

namespace pgconvoy {

void ProgressMeters::add(const TargetWork& work) {
  Metered& metered = targets_[work.planned.number];
  metered.work = &work;
  metered.meter = learnt_;  // knows nothing but what dumps are like
}

void ProgressMeters::remove(int target) { targets_.erase(target); }

const StepPlan* ProgressMeters::planned_step(const Metered& metered, const std::string& path) const {
  const auto& steps = metered.work->planned.steps;
  const auto found = std::find_if(steps.begin(), steps.end(), [&](const StepPlan& step) { return step.path == path; });
  return found == steps.end() ? nullptr : &*found;
}

KnownSizes ProgressMeters::sizes_of(const TargetWork& work, const std::string& instance) {
  const auto known = work.facts.databases.find(instance);
  if (known == work.facts.databases.end()) return {};
  return {known->second.table_bytes, known->second.index_bytes, known->second.indexes};
}

void ProgressMeters::before(const Event& event, const std::function<void(int, const std::string&, const Progress&)>& tell) {
  const auto found = targets_.find(event.target);
  if (found == targets_.end() || event.kind != EventKind::step_succeeded) return;
  TargetMeter& meter = found->second.meter;
  if (meter.step() != event.step) return;
  const Progress last = meter.done();
  if (last.total_bytes > 0) tell(event.target, event.step, last);
  if (meter.operation() != "backup_collected_services" || !event.data.contains("outcome") || !event.data["outcome"].is_object()) return;
  for (const char* where : {"backup", "rehearsed"})
    if (const json backup = event.data["outcome"].value(where, json()); backup.is_object()) {
      const StepPlan* planned = planned_step(found->second, event.step);
      const std::int64_t tables = planned ? sizes_of(*found->second.work, planned->subject).table_bytes : 0;
      meter.learn_dump(tables, backup.value("bytes", std::int64_t{0}));
      learnt_.learn_dump(tables, backup.value("bytes", std::int64_t{0}));
    }
}

void ProgressMeters::after(const Event& event) {
  const auto found = targets_.find(event.target);
  if (found == targets_.end()) return;
  switch (event.kind) {
    case EventKind::step_started: {
      const StepPlan* planned = planned_step(found->second, event.step);
      if (planned) found->second.meter.begin(event.step, planned->operation, sizes_of(*found->second.work, planned->subject));
      break;
    }
    case EventKind::step_succeeded:
    case EventKind::step_failed:
    case EventKind::undo_started:
      found->second.meter.begin("", "", {});
      break;
    default:
      break;
  }
}

Progress ProgressMeters::said(int target, const std::string& step, const Progress& progress) {
  const auto found = targets_.find(target);
  // An undo's own progress is told as it is.
  if (found == targets_.end() || found->second.meter.step() != step) return progress;
  return found->second.meter.said(progress);
}

std::optional<Progress> ProgressMeters::seen(int target, const ServerLook& look) {
  const auto found = targets_.find(target);
  if (found == targets_.end() || !found->second.meter.is_looked_at()) return std::nullopt;
  return found->second.meter.seen(look);
}

const std::string& ProgressMeters::step_of(int target) const { return targets_.at(target).meter.step(); }

std::vector<ProgressWatch::Database> ProgressMeters::databases() const {
  std::vector<ProgressWatch::Database> databases;
  for (const auto& [number, metered] : targets_) {
    if (!metered.meter.is_looked_at()) continue;
    const StepPlan* planned = planned_step(metered, metered.meter.step());
    if (!planned) continue;
    // Where the new database is, the step that made it has said.
    for (const auto& [path, step] : metered.work->record.steps) {
      const StepPlan* maker = planned_step(metered, path);
      if (!maker || maker->operation != "reprovision_collected_instances" || maker->subject != planned->subject || !step.intent.is_object()) continue;
      databases.push_back({number, step.intent.value("server", ""), step.intent.value("temporary_name", "")});
    }
  }
  return databases;
}

}  // namespace pgconvoy
