// A run's state in Prometheus' text format: names in docs/metrics.md, base units, one family after the other. Gauges say how it is now;
// what ends in _total never falls while the journal stands.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/report/run_summary.hpp"

namespace pgconvoy::report {

struct MetricsInput {
  SummaryInput brief;                    // read_brief()
  std::vector<Obligation> obligations;   // open ones, of any run; those of this one are taken
  std::vector<BackupRecord> backups;     // of any run
  int pauses_over_budget = 0;            // events so far
  std::optional<bool> alive;             // a process is at work on it; none: nobody looked
};

// What metrics_text() needs, with a handful of statements, however many targets there are. Blocking.
Result<MetricsInput> read_metrics(Journal& journal, std::int64_t run, WallTime now);

// The whole exposition, version 0.0.4 (`Content-Type: text/plain; version=0.0.4; charset=utf-8`). Pure.
std::string metrics_text(const MetricsInput& input);

// Name and help of every metric that metrics_text() may write, in its order: for the documentation and for tests.
struct MetricFamily {
  const char* name;
  const char* type;  // gauge | counter | histogram
  const char* help;
};
const std::vector<MetricFamily>& metric_families();

}  // namespace pgconvoy::report
