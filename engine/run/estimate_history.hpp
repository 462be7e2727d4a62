// What a journal's runs have shown of how long operations take.
#pragma once

#include <vector>

#include "engine/core/error.hpp"
#include "engine/journal/journal.hpp"
#include "engine/plan/calibrate.hpp"

namespace pgconvoy {

struct HistoryLimits {
  int runs = 8;       // the newest that have something to show
  int targets = 250;  // of each, spread over it
};

// Of targets that succeeded at the first try: a step that was tried again, or begun by a process that died, shows something else.
// Targets whose plan holds no work (of earlier versions) are left out. Reads only; blocking.
Result<std::vector<TargetObservation>> read_estimate_history(Journal& journal, HistoryLimits limits = {});

// One of them from what the journal holds. Without steps when it shows nothing. Pure.
TargetObservation observe(const std::string& run, const PlannedTarget& planned, const TargetRecord& record, double beside);

// How many targets of its region were in flight on average while it was, itself included. Pure.
double average_beside(const TargetRecord& record, const std::vector<TargetRecord>& all);

}  // namespace pgconvoy
