#include <fmt/format.h>

#include <map>

#include "engine/report/long_report.hpp"
#include "engine/report/markup.hpp"
#include "engine/report/run_report.hpp"
#include "engine/report/text.hpp"

namespace pgconvoy::report {
namespace {

enum class Verdict { passed, failed, broken, skipped };

// What is still to be done is skipped, as far as a CI system is concerned; what needs a person is an error.
Verdict verdict_of(const TargetSummary& target) {
  switch (target.state) {
    case TargetState::succeeded:
      return Verdict::passed;
    case TargetState::skipped:
      return target.cancelled || target.findings.empty() ? Verdict::skipped : Verdict::failed;
    case TargetState::rolled_back:
      return target.asked_back ? Verdict::skipped : Verdict::failed;
    case TargetState::pending:
      return Verdict::skipped;
    case TargetState::running:
    case TargetState::rolling_back:
      return target.under_way ? Verdict::skipped : Verdict::broken;
    default:
      return Verdict::broken;
  }
}

struct SuiteCounts {
  int tests = 0, failures = 0, errors = 0, skipped = 0;
  double seconds = 0;
  void count(const TargetSummary& target) {
    ++tests;
    const Verdict verdict = verdict_of(target);
    failures += verdict == Verdict::failed;
    errors += verdict == Verdict::broken;
    skipped += verdict == Verdict::skipped;
    if (target.total) seconds += target.total->count();
  }
  std::string attributes() const {
    return fmt::format("tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.3f}\"", tests, failures, errors, skipped, seconds);
  }
};

std::string junit_details(const TargetSummary& target) {
  std::string text;
  if (!target.step.empty()) text += "step " + target.step + "\n";
  for (const Finding& finding : target.findings) {
    text += fmt::format("{}: {}: {}\n", finding.condition, finding.object, finding.evidence);
    if (!finding.remedy.empty()) text += "-> " + finding.remedy + "\n";
  }
  if (!target.first_error.message.empty()) text += describe(target.first_error) + "\n";
  if (!target.error.message.empty()) text += describe(target.error) + "\n";
  text += "state now: " + state_now(target) + "\n";
  std::string lines;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines += escaped_markup(std::string_view(text).substr(begin, end - begin)) + "\n";
    begin = end + 1;
  }
  return lines;
}

std::string test_case(const TargetSummary& target, const std::string& run) {
  std::string text = fmt::format("    <testcase classname=\"{}.{}\" name=\"{}\" time=\"{:.3f}\"", escaped_markup(run), escaped_markup(target.region),
                                 escaped_markup(target.id), target.total ? target.total->count() : 0.0);
  const std::string reason = target.reason.empty() ? result_of(target) : target.reason;
  switch (verdict_of(target)) {
    case Verdict::passed:
      return text + "/>\n";
    case Verdict::skipped:
      return text + fmt::format(">\n      <skipped message=\"{}\"/>\n    </testcase>\n", escaped_markup(target.state == TargetState::pending ? "not begun" : reason));
    case Verdict::failed:
      return text + fmt::format(">\n      <failure type=\"{}\" message=\"{}\">{}</failure>\n    </testcase>\n", escaped_markup(cause_of(target)), escaped_markup(reason),
                                junit_details(target));
    case Verdict::broken:
      break;
  }
  return text + fmt::format(">\n      <error type=\"{}\" message=\"{}\">{}</error>\n    </testcase>\n", escaped_markup(cause_of(target)), escaped_markup(reason),
                            junit_details(target));
}

}  // namespace

Result<void> report_junit(const LongReport& report) {
  const RunSummary& summary = report.outline.summary;
  SuiteCounts all;
  std::map<std::string, SuiteCounts> regions;
  for (const TargetSummary& target : summary.targets) {
    all.count(target);
    regions[target.region].count(target);
  }
  report.write(fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"pgconvoy {}\" {}>\n", escaped_markup(summary.name), all.attributes()));
  for (const auto& [region, counts] : regions) {
    std::string begun = summary.started.empty() ? summary.created : summary.started;
    report.write(fmt::format("  <testsuite name=\"{}\" {} timestamp=\"{}\" hostname=\"pgconvoy\">\n", escaped_markup(region), counts.attributes(),
                             escaped_markup(begun.substr(0, 19))));
    report.write(fmt::format("    <properties>\n      <property name=\"runbook\" value=\"{}\"/>\n      <property name=\"runbook_digest\" value=\"{}\"/>\n"
                             "      <property name=\"fleet_digest\" value=\"{}\"/>\n    </properties>\n",
                             escaped_markup(summary.runbook), escaped_markup(summary.runbook_digest), escaped_markup(report.outline.fleet_digest)));
    const auto here = [&region = region](const TargetSummary& target) { return target.region == region; };
    for (const TargetSummary& target : summary.targets)
      if (here(target)) report.write(test_case(target, summary.name));
    report.write("  </testsuite>\n");
  }
  report.write("</testsuites>\n");
  return {};
}

}  // namespace pgconvoy::report
