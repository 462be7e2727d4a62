// The parts of the HTML report that speak of single targets. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/report/run_outline.hpp"
#include "engine/report/run_report.hpp"

namespace pgconvoy::report {

// By number of the target.
using BackupsOfTargets = std::multimap<int, const BackupRecord*>;

// Its line in the table of targets, and below it what can be unfolded: what was verified table by table, backups, steps.
std::string html_of_target(const TargetSummary& target, const TargetRecord& record, const BackupsOfTargets& backups);

// What failed, the state now and what to type.
std::string html_of_failure(const TargetSummary& target, const ReportView& view);

// <tr> of cells that are markup already; `kinds` are their classes, "" for none.
std::string html_row(const std::vector<std::string>& cells, const std::vector<const char*>& kinds = {}, const char* tag = "td");

}  // namespace pgconvoy::report
