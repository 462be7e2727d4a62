#include "engine/plan/pause.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/journal/left_out.hpp"
#include "engine/plan/estimate.hpp"

namespace pgconvoy {
namespace {

constexpr int kMoreJobs[] = {2, 4, 8};
// Less than that is no remedy.
constexpr double kWorthIt = 0.95;

std::string in_short(double seconds) { return format_duration(Seconds(seconds)); }

// The three longest of its paused steps.
std::string made_of(const PlannedTarget& planned) {
  std::vector<const StepPlan*> steps;
  for (const StepPlan& step : planned.steps)
    if (step.while_paused) steps.push_back(&step);
  const std::size_t shown = std::min<std::size_t>(3, steps.size());
  std::partial_sort(steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(shown), steps.end(),
                    [](const StepPlan* left, const StepPlan* right) { return left->seconds > right->seconds; });
  std::string text;
  for (std::size_t i = 0; i < shown; ++i)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", steps[i]->operation, in_short(steps[i]->seconds));
  return text;
}

// The same target with so many jobs wherever an operation has that parameter; none has it: nullopt.
std::optional<PlannedTarget> with_jobs(PlannedTarget planned, int jobs) {
  bool any = false;
  for (StepPlan& step : planned.steps) {
    if (!step.while_paused || !step.arguments.is_object() || !step.arguments.contains("jobs")) continue;
    if (step.arguments.at("jobs") >= jobs) return std::nullopt;
    step.arguments["jobs"] = jobs;
    any = true;
  }
  if (!any) return std::nullopt;
  return planned;
}

}  // namespace

std::optional<PauseFact> pause_of(const Fleet& fleet, const PlannedTarget& planned) {
  PauseFact pause;
  for (const std::string& id : planned.target.environments) {
    const auto environment = fleet.environments.find(id);
    if (environment == fleet.environments.end() || !environment->second.downtime_budget) continue;
    const double budget = environment->second.downtime_budget->count();
    if (pause.environment.empty() || budget < pause.budget) {
      pause.budget = budget;
      pause.environment = id;
    }
  }
  if (pause.environment.empty() || planned.paused_seconds <= 0) return std::nullopt;
  pause.seconds = planned.paused_seconds;
  pause.p90 = std::max(planned.paused_p90, planned.paused_seconds);
  pause.made_of = made_of(planned);
  return pause;
}

std::vector<std::string> steps_until_pause(const PlannedTarget& planned) {
  std::vector<std::string> paths;
  for (const StepPlan& step : planned.steps) {
    paths.push_back(step.path);
    if (step.operation == "page_on") return paths;
  }
  return {};
}

bool stands_before_pause(const std::vector<std::string>& until_pause, const TargetRecord& record) {
  if (until_pause.empty() || record.state != TargetState::running) return false;
  const auto is_done = [&](const std::string& path) {
    const auto step = record.steps.find(path);
    if (step == record.steps.end()) return false;
    const auto without = left_out(step->second);
    return step->second.status == StepStatus::succeeded || (without && !without->undo);
  };
  const auto page = record.steps.find(until_pause.back());
  const bool is_begun = page != record.steps.end() && page->second.status != StepStatus::none && page->second.status != StepStatus::undone;
  return !is_begun && std::all_of(until_pause.begin(), until_pause.end() - 1, is_done);
}

std::vector<std::string> pause_remedies(const PauseFact& pause, const PlannedTarget& planned, const OperationRegistry& operations,
                                        const TargetFacts& facts, const EstimateModel& model) {
  std::vector<std::string> remedies;
  if (pause.p90 <= pause.budget) return remedies;
  const auto tried = [&](PlannedTarget other, double beside, const std::string& what) {
    estimate(other, operations, facts, model, beside);
    if (other.paused_p90 < pause.p90 * kWorthIt)
      remedies.push_back(fmt::format("{}: {}, nine times of ten within {}{}", what, in_short(other.paused_seconds), in_short(other.paused_p90),
                                     other.paused_p90 <= pause.budget ? " (enough)" : ""));
    return other.paused_p90 <= pause.budget;
  };
  for (const int jobs : kMoreJobs)
    if (auto other = with_jobs(planned, jobs); other && tried(*std::move(other), planned.beside, fmt::format("jobs: {} in the runbook", jobs))) break;
  if (planned.beside > 1) {
    tried(planned, 1, "alone in its region, in a window of its own (--concurrency-per-region 1)");
    if (auto other = with_jobs(planned, kMoreJobs[1])) tried(*std::move(other), 1, fmt::format("both, with jobs: {}", kMoreJobs[1]));
  }
  return remedies;
}

}  // namespace pgconvoy
