#include "cli/killed_rehearsals.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "cli/output.hpp"
#include "engine/report/text.hpp"
#include "engine/run/rehearsal.hpp"
#include "engine/run/runner.hpp"

namespace pgconvoy::cli {
namespace {

bool is_under_way(const TargetRecord& target) {
  return target.state == TargetState::running || target.state == TargetState::rolling_back;
}

Result<void> take_back(Application& application, const GlobalOptions& globals, Journal& journal, const RunRecord& run, const std::set<int>& targets) {
  TRY(const RunRecord whole, journal.run(run.id));
  TRY(Plan plan, load_plan(journal, whole));
  RunRequest request;
  request.run = run.id;
  request.direction = Direction::backward;
  request.only = targets;
  Runner runner(application.services(), journal, application.operations(), application.conditions(), {});
  TRY_VOID(application.wait(runner.run(std::move(plan), request)));
  TRY(const std::vector<TargetRecord> after, journal.targets(run.id, false));
  std::vector<std::string> left;
  for (const TargetRecord& target : after)
    if (targets.contains(target.number) && target.state != TargetState::rolled_back) left.push_back(target.id);
  if (!left.empty())
    write_error(fmt::format("of {} something is left: {}; pgconvoy status {}{}\n", run.name, report::shown(fmt::format("{}", fmt::join(left, ", "))),
                            run.name, globals.journal_option()));
  return {};
}

}  // namespace

Result<void> remove_killed_rehearsals(Application& application, const GlobalOptions& globals, Journal& journal) {
  TRY(const std::vector<RunRecord> runs, journal.runs());
  for (const RunRecord& run : runs) {
    const bool may_have_left = run.state == RunState::running || run.state == RunState::halted;
    if (!is_rehearsal(run.runbook) || !may_have_left) continue;
    TRY(const std::vector<TargetRecord> targets, journal.targets(run.id, false));
    std::set<int> under_way;
    for (const TargetRecord& target : targets)
      if (is_under_way(target)) under_way.insert(target.number);
    if (under_way.empty()) continue;
    auto locked = journal.lock_run(run.id);
    if (!locked && locked.error().kind == ErrorKind::refused) continue;  // it runs
    if (!locked) return locked;
    write_error(fmt::format("{}, a rehearsal, was interrupted: what it left of {} is removed first\n", run.name,
                            report::count(static_cast<std::int64_t>(under_way.size()), "target")));
    TRY_VOID(take_back(application, globals, journal, run, under_way));
  }
  return {};
}

}  // namespace pgconvoy::cli
