// A run that several processes carry out: what this one needs to take its part.
#pragma once

#include <set>
#include <string>

#include "engine/core/steered_clock.hpp"
#include "engine/journal/shared_journal.hpp"

namespace pgconvoy {

struct SharedRun {
  SharedJournal& journal;
  LeaseKeeper& leases;
  WorkerIdentity worker;
  Seconds lease{30};              // the life of one
  std::set<std::string> regions;  // whose targets it takes; empty: all
  bool may_start = false;         // takes up a run that isn't running: planned or halted
  bool halts = false;             // told to stop, and nobody else is there: the run is halted by that
  SteeredClock* clock = nullptr;  // is told the journal's time, when there is one
  Seconds left_alone{15};         // what was let go of is the others' for so long (they look every few seconds)
  bool waits = true;              // for what others do; otherwise it returns when there is nothing for it
};

}  // namespace pgconvoy
