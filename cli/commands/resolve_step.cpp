#include "cli/commands/resolve_step.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/operator_name.hpp"
#include "cli/target_event.hpp"
#include "engine/fleet/nearest.hpp"
#include "engine/report/run_report.hpp"
#include "operations/by_hand.hpp"

namespace pgconvoy::cli {
namespace {

const PlannedTarget& planned_target(const Plan& plan, int number) {
  for (const PlannedTarget& planned : plan.targets)
    if (planned.number == number) return planned;
  throw std::logic_error("a target without a plan");
}

// A path, or what is enough of it.
Result<const StepPlan*> find_step(const PlannedTarget& planned, const std::string& name, const std::string& status_command) {
  std::vector<const StepPlan*> found;
  std::vector<std::string_view> names;
  for (const StepPlan& step : planned.steps) {
    if (step.path == name) return &step;
    const std::size_t slash = step.path.rfind('/', step.path.find('@'));
    const std::string_view last = std::string_view(step.path).substr(slash == std::string::npos ? 0 : slash + 1);
    if (step.operation == name || last == name) found.push_back(&step);
    names.push_back(step.path);
    names.push_back(step.operation);
  }
  if (found.size() == 1) return found.front();
  if (found.empty())
    return Error(ErrorKind::not_found, fmt::format("{} has no step {}{}", planned.target.id, in_quotes(name), did_you_mean(name, names)),
                 status_command + " lists them");
  std::vector<std::string> paths;
  for (const StepPlan* step : found) paths.push_back(step->path);
  return Error(ErrorKind::usage, fmt::format("{} means more than one step of {}", in_quotes(name), planned.target.id),
               fmt::format("one of: {}", fmt::join(paths, ", ")));
}

// What is over, or never was, is nobody's to decide.
Result<void> can_be_resolved(const TargetRecord& target, const StepPlan& planned, const std::string& run, const std::string& status_command) {
  if (target.state != TargetState::stuck && target.state != TargetState::running && target.state != TargetState::rolling_back)
    return Error(ErrorKind::refused, fmt::format("{} of {} is {}: none of its steps waits for a decision", target.id, run, to_string(target.state)),
                 status_command);
  const auto found = target.steps.find(planned.path);
  const StepStatus status = found == target.steps.end() ? StepStatus::none : found->second.status;
  switch (status) {
    case StepStatus::none:
      return Error(ErrorKind::refused, fmt::format("{} was {}: there is nothing to decide about it", planned.path, found == target.steps.end() ? "never started" : "found absent"),
                   status_command);
    case StepStatus::succeeded:
      return Error(ErrorKind::refused, fmt::format("{} is done and has its outcome: there is nothing to decide about it", planned.path),
                   fmt::format("pgconvoy rollback {} {} takes all of the target back", run, report::shell_argument(target.id)));
    case StepStatus::undone:
      return Error(ErrorKind::refused, fmt::format("{} is undone: there is nothing to decide about it", planned.path), status_command);
    default:
      return {};
  }
}

ByHand word(const std::string& as) { return as == "done" ? ByHand::done : as == "absent" ? ByHand::absent : ByHand::skip; }

// What the step left to be done later goes with it.
void cancel_obligations(std::vector<Event>& events, const Event& resolved, const StepRecord& step) {
  if (!step.outcome.is_object() || !step.outcome.contains("obligations")) return;
  for (const json& obligation : step.outcome["obligations"]) {
    Event event = resolved;
    event.kind = EventKind::obligation_cancelled;
    event.data = {{"id", obligation.at("id")}, {"reason", "the step that made it was resolved as " + resolved.data.value("as", "")}};
    events.push_back(std::move(event));
  }
}

}  // namespace

Result<void> resolve_step(OpenedRun& opened, const GlobalOptions& globals, StepResolution& resolution) {
  const int number = *opened.only.begin();
  // A process at work on the run decides by itself, and would not know what is journaled beside it.
  TRY_VOID(lock_run(*opened.journal, globals, opened.record.id));
  TRY(const TargetRecord target, opened.journal->target(opened.record.id, number));
  const std::string status_command =
      fmt::format("pgconvoy status {} {}{}", opened.record.name, report::shell_argument(target.id), globals.journal_option());
  TRY(const StepPlan* planned, find_step(planned_target(opened.plan, number), resolution.step, status_command));
  resolution.step = planned->path;
  TRY_VOID(can_be_resolved(target, *planned, opened.record.name, status_command));
  const StepRecord& step = target.steps.at(planned->path);
  TRY(const json outcome, resolve_by_hand(target, step, planned->operation, word(resolution.as)));
  Event event = target_event(target, EventKind::target_resolved,
                             {{"step", planned->path}, {"as", resolution.as}, {"reason", resolution.reason}, {"by", operator_name()}});
  if (!outcome.is_null()) event.data["outcome"] = outcome;
  std::vector<Event> events{event};
  if (resolution.as != "done") cancel_obligations(events, event, step);
  return opened.journal->append(events);
}

}  // namespace pgconvoy::cli
