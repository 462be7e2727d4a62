#include "engine/run/estimate_history.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/plan/priors.hpp"

namespace pgconvoy {
namespace {

bool is_clean(const TargetRecord& record) {
  return record.state == TargetState::succeeded && record.epoch == 1 && record.started && record.ended && *record.ended > *record.started;
}

// Every one of a few, every n-th of many.
std::vector<int> spread_over(const std::vector<int>& numbers, int most) {
  if (static_cast<int>(numbers.size()) <= most) return numbers;
  std::vector<int> chosen;
  for (int i = 0; i < most; ++i) chosen.push_back(numbers[static_cast<std::size_t>(i) * numbers.size() / static_cast<std::size_t>(most)]);
  return chosen;
}

Result<void> read_run(Journal& journal, const RunRecord& run, int most, std::vector<TargetObservation>& observed) {
  TRY(const std::vector<TargetRecord> all, journal.targets(run.id, false));
  std::vector<int> clean;
  for (const TargetRecord& record : all)
    if (is_clean(record)) clean.push_back(record.number);
  for (const int number : spread_over(clean, most)) {
    TRY(const json data, journal.planned_target(run.id, number));
    const PlannedTarget planned = data.get<PlannedTarget>();
    // One plan of an earlier version: all of the run's are.
    if (std::none_of(planned.steps.begin(), planned.steps.end(), [](const StepPlan& step) { return !step.work.empty(); })) return {};
    TRY(const TargetRecord record, journal.target(run.id, number));
    TargetObservation target = observe(run.name, planned, record, average_beside(record, all));
    if (!target.steps.empty()) observed.push_back(std::move(target));
  }
  return {};
}

}  // namespace

double average_beside(const TargetRecord& record, const std::vector<TargetRecord>& all) {
  if (!record.started || !record.ended || *record.ended <= *record.started) return 1;
  const Seconds whole = *record.ended - *record.started;
  double together = 0;
  for (const TargetRecord& other : all) {
    if (other.region != record.region || !other.started) continue;
    const WallTime from = std::max(*other.started, *record.started), until = std::min(other.ended.value_or(*record.ended), *record.ended);
    if (until > from) together += Seconds(until - from).count();
  }
  return std::max(1.0, together / whole.count());
}

TargetObservation observe(const std::string& run, const PlannedTarget& planned, const TargetRecord& record, double beside) {
  TargetObservation target{run, beside, {}};
  if (!is_clean(record)) return target;
  double in_steps = 0;
  std::optional<WallTime> first;
  int steps = 0;
  for (const StepPlan& step : planned.steps) {
    const auto found = record.steps.find(step.path);
    if (found == record.steps.end() || step.work.empty()) return {run, beside, {}};
    const StepRecord& done = found->second;
    if (done.status != StepStatus::succeeded || done.attempt != 1 || !done.started || !done.ended) return {run, beside, {}};
    const double seconds = Seconds(*done.ended - *done.started).count();
    if (!first) first = done.started;
    in_steps += seconds;
    ++steps;
    // What the clock doesn't tell apart from nothing took the shortest time that it does.
    target.steps.push_back({step.operation, pair_of(planned, step.subject), step.work, std::max(seconds, 0.001)});
  }
  if (!first) return target;
  const double before = Seconds(*first - *record.started).count();
  const double whole = Seconds(*record.ended - *record.started).count();
  const std::string pair = pair_of(planned, "");
  target.steps.push_back({kFactsOfTarget, pair, facts_work(planned), std::max(before, 0.001)});
  target.steps.push_back({kBetweenSteps, pair, between_work(steps), std::max(whole - before - in_steps, 0.001)});
  return target;
}

Result<std::vector<TargetObservation>> read_estimate_history(Journal& journal, HistoryLimits limits) {
  std::vector<TargetObservation> observed;
  TRY(const std::vector<RunRecord> runs, journal.runs());
  int taken = 0;
  for (const RunRecord& run : runs) {
    if (taken >= limits.runs) break;
    if (run.state == RunState::planned) continue;
    const std::size_t before = observed.size();
    try {
      TRY_VOID(read_run(journal, run, limits.targets, observed));
    } catch (const json::exception& damage) {
      return Error(ErrorKind::corrupt, fmt::format("the plan of {} can't be read: {}", run.name, damage.what()), "pgconvoy journal verify");
    }
    taken += observed.size() > before;
  }
  return observed;
}

}  // namespace pgconvoy
