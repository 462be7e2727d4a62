#include "cli/commands/run_continue.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/journal/shared_journal.hpp"
#include "engine/report/run_summary.hpp"

namespace pgconvoy::cli {
namespace {

bool halted_by_failures(const RolloutRecord& rollout) {
  return std::any_of(rollout.waits.begin(), rollout.waits.end(), [](const json& wait) { return wait.value("why", "") == "budget"; });
}

// A person's word, or failures that a person should see, hold a run: no timer goes on with it.
Result<void> may_go_on(Journal& journal, const RunRecord& run, const GlobalOptions& globals) {
  const std::string which = run.name + globals.journal_option();
  if (auto locked = journal.lock_run(run.id); !locked) {
    if (locked.error().kind != ErrorKind::refused) return locked;
    return Error(ErrorKind::refused, fmt::format("{}: nothing else is begun meanwhile", locked.error().message), fmt::format("pgconvoy status {}", which));
  }
  // Nobody is at work on it; from here on others may be, beside this process.
  if (SharedJournal* const in_common = shared(journal)) in_common->leave_run(run.id);
  if (run.intent == RunIntent::pause)
    return Error(ErrorKind::refused, fmt::format("{} was paused by somebody: --continue doesn't go on with it", run.name), fmt::format("pgconvoy resume {}", which));
  TRY(const RolloutRecord rollout, report::read_rollout(journal, run));
  if (run.state == RunState::halted && halted_by_failures(rollout))
    return Error(ErrorKind::refused, fmt::format("{} was halted by its failures: --continue doesn't go on with it", run.name),
                 fmt::format("pgconvoy status {0} shows them; pgconvoy resume {0}, or pgconvoy retry {0}", which));
  return {};
}

bool has_left(const std::vector<TargetRecord>& targets) {
  return std::any_of(targets.begin(), targets.end(), [](const TargetRecord& target) {
    return target.state == TargetState::pending || target.state == TargetState::running || target.state == TargetState::rolling_back;
  });
}

Result<void> settle(Journal& journal, const std::vector<TargetRecord>& targets, Continuation& found) {
  for (const TargetRecord& target : targets) {
    const bool stuck = target.state == TargetState::stuck;
    if (target.state != TargetState::succeeded && !stuck) continue;
    if (stuck) found.stuck.insert(target.id);
    TRY(const json planned, journal.planned_target(target.run, target.number));
    for (const std::string& instance : planned.at("target").at("instances").get<std::vector<std::string>>()) found.settled.insert(instance);
  }
  return {};
}

}  // namespace

Result<Continuation> find_continuation(Journal& journal, const GlobalOptions& globals, const std::string& runbook, const std::string& fleet) {
  Continuation found;
  TRY(const std::vector<RunRecord> runs, journal.runs());  // newest first
  for (const RunRecord& run : runs) {
    if (run.runbook != runbook || !run.started) continue;
    TRY(const RunRecord whole, journal.run(run.id));
    if (whole.plan.value("fleet_file", "") != fleet) continue;
    if (found.last.empty() && run.state == RunState::cancelled)
      return Error(ErrorKind::refused, fmt::format("{} was cancelled by somebody: --continue doesn't take up what was left of it", run.name),
                   "pgconvoy plan makes a new run of it");
    if (found.last.empty()) found.last = run.name;
    TRY(const std::vector<TargetRecord> targets, journal.targets(run.id, false));
    const bool open = run.state == RunState::running || (run.state == RunState::halted && has_left(targets));
    if (open) {
      TRY_VOID(may_go_on(journal, whole, globals));
      if (!found.unfinished) found.unfinished = run.id;
    }
    TRY_VOID(settle(journal, targets, found));
  }
  return found;
}

}  // namespace pgconvoy::cli
