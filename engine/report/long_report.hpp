// What became of a run in the forms that other programs and people far away read: one HTML file, CSV, JUnit and OTLP traces. They are
// written piece by piece, a target at a time. Pure but for what `each` and `write` do.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "engine/report/earlier_attempts.hpp"
#include "engine/report/run_outline.hpp"

namespace pgconvoy::report {

struct LongReport {
  const RunOutline& outline;
  std::string journal_option;  // " --journal PATH" when commands need it, else ""
  // Visits the wanted targets in the order of the run, complete with steps: each_target().
  std::function<Result<void>(const std::function<bool(const TargetSummary&)>& wanted, const VisitTarget& visit)> each;
  std::function<void(std::string_view)> write;
  // Visits the run's events in their order. Only asked for what no record holds.
  std::function<Result<void>(const std::function<bool(const Event&)>& visit)> events;
};

// One file that needs nothing else, no script either: figures, plots, what failed, who did what, each target with what was verified
// table by table, backups, debts and old databases that are kept. Readable on paper and in the dark.
Result<void> report_html(const LongReport& report);

// RFC 4180, a line for each target, times in UTC, durations in seconds.
Result<void> report_csv(const LongReport& report);

// JUnit's XML as CI systems read it: a suite for each region, a case for each target.
Result<void> report_junit(const LongReport& report);

// OpenTelemetry's OTLP/JSON, one resource with a span for the run, each target begun, and each step of it. The same run gives the same
// ids whenever it is written. Each try of a step is a span.
Result<void> report_otlp(const LongReport& report);

}  // namespace pgconvoy::report
