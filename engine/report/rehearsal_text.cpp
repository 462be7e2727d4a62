#include "engine/report/rehearsal_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/core/bytes.hpp"
#include "engine/core/clock.hpp"
#include "engine/report/accepted_risks.hpp"
#include "engine/report/table.hpp"
#include "engine/report/text.hpp"

namespace pgconvoy::report {
namespace {

constexpr std::size_t kNamedScratches = 20;

Table table_of_scratches(const PlanView& view, const RehearsalView& rehearsal, std::size_t& left) {
  Table table({{"target", Align::left, true}, {"size", Align::right}, {"scratch database"}, {"on server", Align::left, true}});
  std::size_t shown_ones = 0;
  for (const PlannedTarget& planned : view.plan.targets) {
    if (planned.blocked()) continue;
    for (std::size_t i = 0; i < planned.target.instances.size(); ++i) {
      if (!view.verbose && shown_ones == kNamedScratches) {
        ++left;
        continue;
      }
      ++shown_ones;
      const auto placed = planned.placements.find(planned.target.instances[i]);
      table.add({shown(planned.target.id), format_bytes({planned.bytes}), scratch_name(rehearsal, view.run, planned.number, i),
                 placed == planned.placements.end() ? "" : shown(placed->second.target_server)});
    }
  }
  return table;
}

}  // namespace

std::string scratch_name(const RehearsalView& rehearsal, std::int64_t run, int target, std::size_t instance) {
  return fmt::format("pgconvoy_{}_r{}_t{}_i{}_e1", rehearsal.journal_token, run, target, instance + 1);
}

std::string rehearsal_text(const PlanView& view, const RehearsalView& rehearsal, const Style& style) {
  const Plan& plan = view.plan;
  const PlanTotals totals = totals_of(plan);
  const std::size_t width = view.width == 0 ? 100000 : view.width;
  std::string text = fmt::format("{}: {}, {}, {}", style.bold(shown(plan.runbook.name)), count(totals.targets, "target"), count(totals.databases, "database"),
                                 format_bytes({totals.bytes}));
  if (!rehearsal.sample.empty())
    text += fmt::format("; a sample of {} from {}, by size, of every region some (seed {})", rehearsal.sample, rehearsal.sampled_from, plan.options.seed);
  text += "\n" + wrapped(shown(plan.runbook.summary), width, 0) + "\n";
  text += fmt::format("from {} to {}, about {} in all; no application is paused, nothing is changed on the old servers\n\n",
                      shown(plan.requirements.source_service), shown(plan.requirements.target_service), format_duration(Seconds(totals.elapsed)));
  std::size_t left = 0;
  text += table_of_scratches(view, rehearsal, left).text(style, view.width);
  if (left > 0) text += fmt::format("and {} more, all called pgconvoy_{}_r{}_... (-v names them)\n", left, rehearsal.journal_token, view.run);
  text += wrapped(fmt::format("Each is removed when its target ends, with the roles that are made for it{}; backups go to {}",
                              rehearsal.keep_backup ? "; its backup is kept" : " and its backup", shown(plan.options.backup_directory)),
                  width, 0) + "\n";
  for (const AcceptedRisk& risk : accepted_risks(plan.options, plan.fleet, plan.targets)) text += style.warn(to_line(risk) + "\n");
  if (totals.blocked)
    text += style.bad(fmt::format("{} blocked by preconditions and will be skipped, as the move would skip {}\n",
                                  totals.blocked == 1 ? "1 target is" : fmt::format("{} targets are", totals.blocked), totals.blocked == 1 ? "it" : "them"));
  return text;
}

}  // namespace pgconvoy::report
