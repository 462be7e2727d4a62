// What became of a run: the table, the totals, and for everything that isn't well what to type next. Pure.
#pragma once

#include <string>
#include <vector>

#include "engine/core/json.hpp"
#include "engine/report/run_summary.hpp"
#include "engine/report/style.hpp"

namespace pgconvoy::report {

struct ReportView {
  const RunSummary& summary;
  std::string journal_option;  // " --journal PATH" when commands need it, else ""
  std::size_t width = 0;       // of the terminal; 0: no limit
  bool verbose = false;
};

std::string report_text(const ReportView& view, const Style& style);
std::string report_markdown(const ReportView& view);
json report_json(const ReportView& view);

// In one sentence: paused or not, which database is live, what is left.
std::string state_now(const TargetSummary& target);
// What leads on from a target that isn't well, most likely first.
std::vector<std::string> commands_for(const TargetSummary& target, const ReportView& view);
// The same for the whole run.
std::vector<std::string> commands_for_run(const ReportView& view);
std::string resolve_command(const HandOver& hand_over, const ReportView& view);
std::string resolve_all_command(const ReportView& view);

// As an argument of a POSIX shell: quoted when it has to be.
std::string shell_argument(const std::string& text);

// Rolled back by itself, stuck, skipped, or interrupted: not what a process is at work on.
bool is_failure(const TargetSummary& target);
std::string result_of(const TargetSummary& target);  // "succeeded", "rolled back", ...

}  // namespace pgconvoy::report
