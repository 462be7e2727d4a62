// What the text and the Markdown form of a report share.
#pragma once

#include "engine/report/run_report.hpp"
#include "engine/report/table.hpp"

namespace pgconvoy::report {

Table table_of_targets(const RunSummary& summary);

// "24 targets: 22 succeeded, 1 failed, 1 skipped" and what follows it, a line each.
std::vector<std::string> lines_of_totals(const RunSummary& summary);

struct FailureLines {
  std::string title;                // "shop-live (eu-pg13 -> eu-pg15)"
  std::vector<std::string> what;    // what failed, and remedies
  std::string state;
  std::vector<std::string> commands;
};
std::vector<FailureLines> failures_of(const ReportView& view);

// Roles that log in with md5 for want of something better, and how that ends. SQL to be typed in psql.
std::vector<std::string> lines_of_debts(const RunSummary& summary);

// Old databases and backups, and how long they stay.
std::vector<std::string> lines_of_kept(const ReportView& view);

}  // namespace pgconvoy::report
