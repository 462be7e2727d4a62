// What holds between the events of a run, beyond what the fold refuses one by one: that every target did what its plan
// says, in its order and no more, was undone whole and backwards, by one process at a time, and owes what it should.
// docs/journal.md, "Invariants". Pure; it keeps one target and the run's own few starts and ends in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/journal/event.hpp"

namespace pgconvoy {

struct Violation {
  std::int64_t run = 0;
  int target = 0;             // 0: the run itself
  std::string step;           // "" when it is about no step
  std::int64_t sequence = 0;  // of the event that shows it
  std::string what, means;    // what is wrong, and what follows for whoever relies on the journal
};

// event 17 of r1/t2, step "backup": <what>; <means>
std::string describe(const Violation& violation);

class Invariants {
 public:
  explicit Invariants(std::function<void(const Violation&)> report) : report_(std::move(report)) {}

  // REQUIRES: events come ordered by run, target, sequence, so that the run's own come before those of its targets;
  // `before` is the fold of what came before in the same chain, and the fold takes the event.
  void next(const RunRecord& before, const Event& event);
  void next(const TargetRecord& before, const Event& event);
  // After the last event of a target.
  void end(const TargetRecord& after);

 private:
  // A process that executed the run: from its run_started to its run_ended, or to the next one's start when it died.
  struct Session {
    std::int64_t started = 0, ended = 0;  // sequences; 0: it did not end
    json pid;
    bool only = false;                       // for targets that were named
    std::string worker;  // of a run that several carry out at a time; "": it was alone
    RunState as = RunState::running;  // how it ended
  };
  struct Owed {
    std::string kind;
    bool open = false;
    std::string waits_for;
    std::int64_t success = 0;  // of the step that made it
  };
  // What the fold of a target does not keep.
  struct Seen {
    bool planned = false;              // target_planned lists the steps
    std::vector<std::string> steps;    // as planned
    std::int64_t claimed = 0;          // sequence of the last claim
    std::string worker;                // whose it was, when it named one
    bool rehearsal = false;            // nothing of it is to stay
    bool checked = false;              // facts were gathered
    std::string blocking;              // condition that blocks, of the last facts
    std::map<std::string, std::int64_t> succeeded;  // by step: sequence of its last success
    std::map<std::string, Owed> owed;               // by id
    std::size_t ends_compared = 0;     // sessions whose end was compared with this target's state
  };

  void report(const Event& event, std::string what, std::string means);
  const Session* session_at(std::int64_t sequence, const std::string& worker) const;
  void compare_ends(const TargetRecord& target, std::int64_t until);
  void plan(const Event& event);
  void one_holder(const Event& event);
  void in_its_wave(const TargetRecord& before, const Event& event);
  void step(const TargetRecord& before, const Event& event);
  void start(const TargetRecord& before, const Event& event);
  void undo(const TargetRecord& before, const Event& event);
  void pivot(const TargetRecord& before, const Event& event);
  void ended(const TargetRecord& before, const Event& event);
  void obligation(const TargetRecord& before, const Event& event);

  std::function<void(const Violation&)> report_;
  std::int64_t run_ = 0, planned_ = 0;  // the run, and the sequence of its run_planned
  std::vector<Session> sessions_;
  std::vector<std::pair<std::int64_t, int>> waves_;  // sequence of wave_opened, and the first target of the wave
  std::map<int, std::int64_t> asked_for_;            // targets -> sequence of the first word about them
  Seen seen_;
};

}  // namespace pgconvoy
