#include "engine/report/findings_report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/report/text.hpp"

namespace pgconvoy::report {
namespace {

constexpr std::size_t kIndent = 8;

bool is_shown(const Finding& finding, bool verbose) {
  return finding.severity == Severity::block || finding.severity == Severity::warn ||
         (verbose && finding.severity == Severity::info);
}

}  // namespace

std::string severity_mark(const Style& style, Severity severity) {
  switch (severity) {
    case Severity::block:
      return style.bad("block");
    case Severity::warn:
      return style.warn("warn ");
    default:
      return style.dim("info ");
  }
}

FindingCounts count_findings(const std::vector<Finding>& findings) {
  FindingCounts counts;
  for (const Finding& finding : findings) {
    counts.block += finding.severity == Severity::block;
    counts.warn += finding.severity == Severity::warn;
    counts.info += finding.severity == Severity::info;
  }
  return counts;
}

std::string finding_detail(const Style& style, std::size_t width, const std::string& label, const std::string& text) {
  if (text.empty()) return {};
  const std::size_t limit = width == 0 ? 100000 : width;
  const std::string begin = padded(label, 8);
  return std::string(kIndent, ' ') + style.dim(begin) + wrapped(shown(text), limit, kIndent + begin.size()) + "\n";
}

std::string FindingsText::of(const PlannedTarget& target) {
  std::string text;
  for (const Finding& finding : target.findings) {
    if (!is_shown(finding, verbose_)) continue;
    if (text.empty()) text = style_.bold(shown(target.target.id)) + "\n";
    const std::size_t limit = width_ == 0 ? 100000 : width_;
    const std::string what = fmt::format("{}: {}: {}", shown(finding.condition), shown(finding.object), shown(finding.evidence));
    text += fmt::format("  {} {}\n", severity_mark(style_, finding.severity), wrapped(what, limit, kIndent));
    if (explained_.insert(finding.condition + '\0' + finding.why + '\0' + finding.remedy).second) {
      text += finding_detail(style_, width_, "why", finding.why);
      text += finding_detail(style_, width_, "remedy", finding.remedy);
      if (finding.mendable) text += finding_detail(style_, width_, "", "pgconvoy mends this itself");
    }
  }
  return text;
}

}  // namespace pgconvoy::report
