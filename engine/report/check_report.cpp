#include "engine/report/check_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "engine/report/causes.hpp"
#include "engine/report/check_totals.hpp"
#include "engine/report/findings_report.hpp"
#include "engine/report/table.hpp"
#include "engine/report/text.hpp"

namespace pgconvoy::report {
namespace {

constexpr int kOneAfterTheOther = 3;      // targets with findings: up to that many are listed one by one
constexpr std::size_t kMembersShown = 5;  // of a cause
constexpr std::size_t kRowsShown = 40;    // of the matrix
constexpr std::size_t kIndentOfMember = 8;

std::vector<const PlannedTarget*> targets_by_name(const Plan& plan) {
  std::vector<const PlannedTarget*> targets;
  for (const PlannedTarget& planned : plan.targets) targets.push_back(&planned);
  std::sort(targets.begin(), targets.end(),
            [](const PlannedTarget* left, const PlannedTarget* right) { return left->target.id < right->target.id; });
  return targets;
}

// The preconditions that found nothing at all.
std::string holding(const PlannedTarget& planned, const Runbook& runbook, bool titled, const Style& style) {
  std::string names;
  for (const RunbookNode& node : runbook.preconditions)
    if (std::none_of(planned.findings.begin(), planned.findings.end(),
                     [&](const Finding& finding) { return finding.condition == node.name; }))
      names += fmt::format("  {} {}\n", style.good("ok   "), shown(node.name));
  if (names.empty()) return {};
  return (titled ? style.bold(shown(planned.target.id)) + "\n" : "") + names;
}

std::string one_after_the_other(const CheckView& view, const Style& style) {
  FindingsText findings(style, view.width, view.verbose);
  std::string text;
  for (const PlannedTarget* planned : targets_by_name(view.plan)) {
    std::string part = findings.of(*planned);
    if (view.verbose) part += holding(*planned, view.plan.runbook, part.empty(), style);
    if (!part.empty()) text += part + "\n";
  }
  return text;
}

std::string cause_text(const Cause& cause, std::size_t number, const CheckView& view, const Style& style) {
  const std::size_t limit = view.width == 0 ? 100000 : view.width;
  std::string text = fmt::format("{} {}  {}{}  {}\n", severity_mark(style, cause.severity), style.bold(fmt::format("{:>2}", number)),
                                 style.bold(shown(cause.condition)), cause.cause.empty() ? "" : ": " + shown(cause.cause),
                                 style.dim(count(cause.targets, "target")));
  const bool same_remedy = cause.same_remedy();
  const std::size_t shown_members = view.verbose ? cause.members.size() : std::min(cause.members.size(), kMembersShown);
  for (std::size_t i = 0; i < shown_members; ++i) {
    const auto& [target, finding] = cause.members[i];
    text += std::string(kIndentOfMember, ' ') +
            wrapped(fmt::format("{}: {}: {}", shown(target->target.id), shown(finding->object), shown(finding->evidence)), limit,
                    kIndentOfMember + 2) + "\n";
    if (!same_remedy) text += finding_detail(style, view.width, "  remedy", finding->remedy);
  }
  if (shown_members < cause.members.size())
    text += finding_detail(style, view.width, "and",
                           fmt::format("{} more (-v shows all)", cause.members.size() - shown_members));
  text += finding_detail(style, view.width, "why", cause.members.front().finding->why);
  if (same_remedy) text += finding_detail(style, view.width, "remedy", cause.members.front().finding->remedy);
  if (cause.members.front().finding->mendable) text += finding_detail(style, view.width, "", "pgconvoy mends this itself");
  return text + "\n";
}

// Which target has which cause; columns are the numbers of the causes. Blocked targets first.
std::string matrix(const std::vector<Cause>& causes, const CheckView& view, const Style& style) {
  std::map<std::string, std::map<std::size_t, Severity>> rows;
  for (std::size_t i = 0; i < causes.size(); ++i)
    for (const CauseMember& member : causes[i].members) rows[member.target->target.id][i] = causes[i].severity;
  std::vector<std::pair<std::string, std::map<std::size_t, Severity>>> sorted(rows.begin(), rows.end());
  const auto worst = [](const auto& row) {
    Severity severity = Severity::ok;
    for (const auto& [number, of_cell] : row.second) severity = std::max(severity, of_cell);
    return severity;
  };
  std::stable_sort(sorted.begin(), sorted.end(), [&](const auto& left, const auto& right) { return worst(left) > worst(right); });

  std::vector<Table::Column> columns{{"target", Align::left, true}};
  for (std::size_t i = 0; i < causes.size(); ++i) columns.push_back({fmt::to_string(i + 1), Align::right, false});
  Table table(columns);
  const std::size_t limit = view.verbose ? sorted.size() : kRowsShown;
  for (std::size_t at = 0; at < sorted.size() && at < limit; ++at) {
    std::vector<Cell> cells{Cell(shown(sorted[at].first))};
    for (std::size_t i = 0; i < causes.size(); ++i) {
      const auto found = sorted[at].second.find(i);
      if (found == sorted[at].second.end())
        cells.emplace_back(".", Tone::dim);
      else
        cells.emplace_back(found->second == Severity::block ? "B" : found->second == Severity::warn ? "w" : "i",
                           found->second == Severity::block ? Tone::bad : found->second == Severity::warn ? Tone::warn : Tone::dim);
    }
    table.add(std::move(cells));
  }
  std::string text = table.text(style, 0);
  if (sorted.size() > limit) text += fmt::format("and {} more targets (-v shows all)\n", sorted.size() - limit);
  return text + style.dim("B blocks, w warns; the numbers are those of the causes above") + "\n\n";
}

std::string totals_line(const CheckView& view, const Style& style) {
  const CheckTotals totals = check_totals(view.plan);
  const auto all = static_cast<int>(view.plan.targets.size());
  std::string line = fmt::format("{} checked against {} of {}: {} ready", count(all, "target"),
                                 count(static_cast<int>(view.plan.runbook.preconditions.size()), "precondition"),
                                 view.plan.runbook.name, all - totals.blocked);
  if (totals.warned) line += fmt::format(" ({} with warnings)", totals.warned);
  line += fmt::format(", {}", totals.blocked ? style.bad(fmt::format("{} blocked", totals.blocked)) : style.good("none blocked"));
  if (totals.accepted) line += fmt::format("; {} accepted by the fleet file", count(totals.accepted, "finding"));
  line += "\n";
  if (view.not_offered)
    line += fmt::format("{} left out: no instance of service {}\n", count(view.not_offered, "target"),
                        view.plan.requirements.source_service);
  return line;
}

}  // namespace

CheckTotals check_totals(const Plan& plan) {
  CheckTotals totals;
  for (const PlannedTarget& planned : plan.targets) {
    const FindingCounts counts = count_findings(planned.findings);
    ++(counts.block ? totals.blocked : counts.warn ? totals.warned : totals.clean);
    for (const Finding& finding : planned.findings) totals.accepted += finding.accepted;
  }
  return totals;
}

std::string check_text(const CheckView& view, const Style& style) {
  const CheckTotals totals = check_totals(view.plan);
  std::string text;
  if (totals.blocked + totals.warned <= kOneAfterTheOther) {
    text = one_after_the_other(view, style);
  } else {
    const std::vector<Cause> causes = causes_of(view.plan, view.verbose);
    for (std::size_t i = 0; i < causes.size(); ++i) text += cause_text(causes[i], i + 1, view, style);
    text += matrix(causes, view, style);
  }
  return text + totals_line(view, style);
}

}  // namespace pgconvoy::report
