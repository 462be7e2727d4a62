// How a run stands now, for somebody who looks at it from elsewhere. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/core/json.hpp"
#include "engine/report/run_report.hpp"

namespace pgconvoy::report {

// Counts per region, what is in flight, what is stuck and how to get out; with view.verbose every target. `alive`:
// another process holds the run's lock now.
std::string status_text(const ReportView& view, bool alive, const Style& style);
json status_json(const ReportView& view, bool alive);

// One line per run, newest first. `undone`: how many of a run's targets were rolled back as asked, by its id.
std::string runs_text(const std::vector<RunRecord>& runs, const std::map<std::int64_t, int>& undone, std::size_t width,
                      const Style& style);
json runs_json(const std::vector<RunRecord>& runs, const std::map<std::int64_t, int>& undone);

}  // namespace pgconvoy::report
