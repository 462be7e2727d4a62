// A run as its long reports read it: everything but the steps at once, then one target after the other, so that a run of
// many thousands takes the memory of its figures, not that of its journal.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/report/run_summary.hpp"

namespace pgconvoy::report {

// What somebody did to the run as a whole: who began, led or ended it.
struct RunWord {
  WallTime at;
  std::string who;   // "ann@runner-1", or "process 4711 on runner-1"; "" when nobody is known
  std::string what;  // one line, fit for any terminal
};

struct RunOutline {
  SummaryInput input;   // planned: only the first has steps, findings have no words; records without steps
  RunSummary summary;   // what comes of steps is missing in its targets, see each_target()
  std::string fleet_digest, fleet_file;
  std::string trace;    // 32 hexadecimal digits: the same for this run of this journal whenever it is asked for
  std::vector<RunWord> words;
};

// Blocking. Errors are the journal's.
Result<RunOutline> read_outline(Journal& journal, std::int64_t run, WallTime now);

// Each wanted target in the order of the run, as summarize() gives it, with its record and steps, read when it is its turn. Blocking. An
// error of `visit` ends it.
using VisitTarget = std::function<Result<void>(const TargetSummary& summary, const TargetRecord& record)>;
Result<void> each_target(Journal& journal, const RunOutline& outline, const std::function<bool(const TargetSummary&)>& wanted,
                         const VisitTarget& visit);

// Without the others. REQUIRES: it is the number of one of them.
RunOutline only_target(RunOutline outline, int number);

// "index_rebuildable blocks", "restore_backup_to_reprovisioned_services: sql 54000": what targets fail by, in few words. "" when
// the target is well.
std::string cause_of(const TargetSummary& target);

}  // namespace pgconvoy::report
