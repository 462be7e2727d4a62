#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cli/application.hpp"
#include "cli/commands.hpp"
#include "cli/open_run.hpp"
#include "cli/run_alive.hpp"
#include "cli/run_loop.hpp"
#include "cli/show_report.hpp"
#include "engine/journal/shared_journal.hpp"
#include "engine/report/status_report.hpp"
#include "engine/report/target_report.hpp"
#include "engine/report/text.hpp"

namespace pgconvoy::cli {
namespace {

constexpr int kLargeRun = 2000;  // targets; what a status of a larger one says is what its states say

struct StatusOptions {
  RunArgument argument;
  bool all = false;
};

// Who is at work on a shared run, with how much in hand.
std::string workers_text(Journal& journal, std::int64_t run) {
  SharedJournal* const in_common = shared(journal);
  if (in_common == nullptr) return "";
  const auto leases = in_common->leases(run);
  if (!leases) return "";
  std::map<std::string, int> hands, silent;
  for (const Lease& lease : *leases) ++(lease.valid ? hands : silent)[fmt::format("{} pid {}", lease.host, lease.pid)];
  std::string text;
  for (const auto& [who, targets] : hands) text += fmt::format("worker {}: {}\n", report::shown(who), report::count(targets, "target"));
  for (const auto& [who, targets] : silent)
    text += fmt::format("worker {} is silent: {} left to the next worker\n", report::shown(who), report::count(targets, "target"));
  return text;
}

// The journal counts states; who asked stands with each target.
Result<std::map<std::int64_t, int>> undone_as_asked(Journal& journal, const std::vector<RunRecord>& runs) {
  std::map<std::int64_t, int> undone;
  for (const RunRecord& run : runs) {
    if (!run.counts.contains(TargetState::rolled_back)) continue;
    TRY(const std::vector<TargetRecord> targets, journal.targets(run.id, false));
    undone[run.id] = static_cast<int>(std::count_if(targets.begin(), targets.end(), is_undone_as_asked));
  }
  return undone;
}

int status_of_target(const GlobalOptions& globals, Journal& journal, const report::SummaryInput& input, const report::ReportView& view,
                     const std::string& id, bool alive) {
  auto number = find_target(input.targets, view.summary.name, id);
  if (!number) return fail(globals.output, number.error());
  auto history = report::read_history(journal, view.summary.id, *number);
  if (!history) return fail(globals.output, history.error());
  const report::TargetDetail detail = report::target_detail(input, view, *number, *history, alive);
  if (globals.output.text())
    write_out(report::target_text(detail, view, alive, globals.output.style()));
  else
    write_json(globals.output, report::target_status_json(detail, view, alive));
  return kSuccess;
}

int status(const GlobalOptions& globals, const StatusOptions& options) {
  auto journal = open_journal(globals, OpenMode::read_only);
  if (!journal) return fail(globals.output, journal.error());
  if (options.all) {
    auto runs = (*journal)->runs();
    if (!runs) return fail(globals.output, runs.error());
    auto undone = undone_as_asked(**journal, *runs);
    if (!undone) return fail(globals.output, undone.error());
    if (globals.output.text())
      write_out(report::runs_text(*runs, *undone, text_width(), globals.output.style()));
    else
      write_json(globals.output, report::runs_json(*runs, *undone));
    return kSuccess;
  }
  auto run = find_run(**journal, options.argument.run);
  if (!run) return fail(globals.output, run.error());
  auto record = (*journal)->run_without_plan(*run);
  if (!record) return fail(globals.output, record.error());
  int targets = 0;
  for (const auto& [state, count] : record->counts) targets += count;
  const bool brief = targets > kLargeRun && options.argument.target.empty();
  const WallTime now = std::chrono::system_clock::now();
  auto input = !brief                   ? report::read_summary(**journal, *run, now)
               : globals.output.verbose ? report::read_brief(**journal, *run, now)
                                        : report::read_standing(**journal, *run, now);
  if (!input) return fail(globals.output, input.error());
  const bool alive = input->run.state == RunState::running && is_alive(globals, **journal, *run);
  const report::RunSummary summary = report::summarize(*input);
  const report::ReportView view{summary, globals.journal_option(), text_width(), globals.output.verbose};
  if (!options.argument.target.empty()) return status_of_target(globals, **journal, *input, view, options.argument.target, alive);
  if (globals.output.text())
    write_out(report::status_text(view, alive, globals.output.style()) + workers_text(**journal, *run));
  else
    write_json(globals.output, report::status_json(view, alive));
  return kSuccess;
}

}  // namespace

void add_status(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("status", "How a run stands, or one target of it: per region, in flight, stuck and the ways out");
  auto options = std::make_shared<StatusOptions>();
  add_run_argument(*command, options->argument, false, true);
  command->add_flag("--all", options->all, "One line for each run instead");
  add_globals(*command, invocation.globals);
  command->footer("Examples:\n  pgconvoy status\n  pgconvoy status r7 -v\n  pgconvoy status r7 shop-live\n  pgconvoy status --all");
  command->callback(
      [&invocation, options] { invocation.action = [&invocation, options] { return status(invocation.globals, *options); }; });
}

}  // namespace pgconvoy::cli
