#include "engine/report/findings_report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/report/text.hpp"

namespace pgconvoy::report {
namespace {

constexpr std::size_t kIndent = 8;

std::string mark(const Style& style, Severity severity) {
  switch (severity) {
    case Severity::block:
      return style.bad("block");
    case Severity::warn:
      return style.warn("warn ");
    default:
      return style.dim("info ");
  }
}

bool is_shown(const Finding& finding, bool verbose) {
  return finding.severity == Severity::block || finding.severity == Severity::warn ||
         (verbose && finding.severity == Severity::info);
}

// Plan order is random by design; findings are looked up by name.
std::vector<const PlannedTarget*> by_name(const Plan& plan) {
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

struct CheckTotals {
  int blocked = 0, warned = 0, clean = 0;
};

CheckTotals check_totals_of(const Plan& plan) {
  CheckTotals totals;
  for (const PlannedTarget& planned : plan.targets) {
    const FindingCounts counts = count_findings(planned.findings);
    ++(counts.block ? totals.blocked : counts.warn ? totals.warned : totals.clean);
  }
  return totals;
}

}  // namespace

FindingCounts count_findings(const std::vector<Finding>& findings) {
  FindingCounts counts;
  for (const Finding& finding : findings) {
    counts.block += finding.severity == Severity::block;
    counts.warn += finding.severity == Severity::warn;
    counts.info += finding.severity == Severity::info;
  }
  return counts;
}

std::string FindingsText::details(const std::string& label, const std::string& text) const {
  if (text.empty()) return {};
  const std::size_t limit = width_ == 0 ? 100000 : width_;
  const std::string begin = padded(label, 8);
  return std::string(kIndent, ' ') + style_.dim(begin) + wrapped(shown(text), limit, kIndent + begin.size()) + "\n";
}

std::string FindingsText::of(const PlannedTarget& target) {
  std::string text;
  for (const Finding& finding : target.findings) {
    if (!is_shown(finding, verbose_)) continue;
    if (text.empty()) text = style_.bold(shown(target.target.id)) + "\n";
    const std::size_t limit = width_ == 0 ? 100000 : width_;
    const std::string what = fmt::format("{}: {}: {}", shown(finding.condition), shown(finding.object), shown(finding.evidence));
    text += fmt::format("  {} {}\n", mark(style_, finding.severity), wrapped(what, limit, kIndent));
    if (explained_.insert(finding.condition + '\0' + finding.why + '\0' + finding.remedy).second) {
      text += details("why", finding.why);
      text += details("remedy", finding.remedy);
      if (finding.mendable) text += details("", "pgconvoy mends this itself");
    }
  }
  return text;
}

std::string check_text(const CheckView& view, const Style& style) {
  FindingsText findings(style, view.width, view.verbose);
  std::string text;
  for (const PlannedTarget* planned : by_name(view.plan)) {
    std::string part = findings.of(*planned);
    if (view.verbose) part += holding(*planned, view.plan.runbook, part.empty(), style);
    if (!part.empty()) text += part + "\n";
  }
  const CheckTotals totals = check_totals_of(view.plan);
  const auto all = static_cast<int>(view.plan.targets.size());
  std::string line = fmt::format("{} checked against {} of {}: {} ready", count(all, "target"),
                                 count(static_cast<int>(view.plan.runbook.preconditions.size()), "precondition"),
                                 view.plan.runbook.name, all - totals.blocked);
  if (totals.warned) line += fmt::format(" ({} with warnings)", totals.warned);
  line += fmt::format(", {}", totals.blocked ? style.bad(fmt::format("{} blocked", totals.blocked)) : style.good("none blocked"));
  text += line + "\n";
  if (view.not_offered)
    text += fmt::format("{} left out: no instance of service {}\n", count(view.not_offered, "target"),
                        view.plan.requirements.source_service);
  return text;
}

json check_json(const CheckView& view) {
  const CheckTotals totals = check_totals_of(view.plan);
  json document{{"version", 1}, {"kind", "check"}, {"runbook", view.plan.runbook.name}};
  document["totals"] = {{"targets", view.plan.targets.size()},
                        {"ready", totals.warned + totals.clean},
                        {"with_warnings", totals.warned},
                        {"blocked", totals.blocked},
                        {"not_offered", view.not_offered}};
  document["targets"] = json::array();
  for (const PlannedTarget* planned : by_name(view.plan)) {
    json target{{"id", planned->target.id}, {"region", planned->target.region}, {"blocked", planned->blocked()}};
    target["findings"] = planned->findings;
    document["targets"].push_back(std::move(target));
  }
  return document;
}

}  // namespace pgconvoy::report
