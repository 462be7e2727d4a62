// One target of a run in full: each step with what is known of it, which database is live, and the ways on. Pure but
// for read_history().
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/report/run_report.hpp"

namespace pgconvoy::report {

// What the projections don't keep of a step: how the last probe saw it, and what people said about it.
struct StepHistory {
  std::string verdict, detail, probed;  // of the last probe; "" when there was none since it was last started
  std::string as, reason, by;           // of the last `resolve`; "" when there was none since it was last started
};
using TargetHistory = std::map<std::string, StepHistory>;  // by path

// Blocking.
Result<TargetHistory> read_history(Journal& journal, std::int64_t run, int target);

struct StepDetail {
  std::string path, operation, subject;
  std::string state;   // of the journal: none, started, succeeded, failed, unknown, undo_started, undone, undo_failed; or left_out
  bool is_open = false;  // what it did is not decided: resolve may say it
  int attempts = 0;
  std::string started, ended;
  Error error;
  StepHistory history;
  std::string known;   // in words, of an open one; else ""
  std::vector<std::string> by_hand;  // SQL that takes an open fence off, for the administrator of its server
};

struct TargetDetail {
  TargetSummary summary;
  bool pivoted = false;
  std::string page;                       // "on, for 3 m", "off", "none: ..."
  std::string live;                       // which database the application is bound to
  std::vector<std::string> old_url;       // what clients of the old URL see, and why
  std::vector<StepDetail> steps;          // in the order of the plan
  std::vector<std::string> commands;      // ways on, the most likely first
};

// `view` is of the whole run; `alive`: a process is at work on it now. REQUIRES: the target is one of input's.
TargetDetail target_detail(const SummaryInput& input, const ReportView& view, int target, const TargetHistory& history, bool alive);

std::string target_text(const TargetDetail& detail, const ReportView& view, bool alive, const Style& style);
json target_status_json(const TargetDetail& detail, const ReportView& view, bool alive);

}  // namespace pgconvoy::report
