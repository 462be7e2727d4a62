// How a run stands for the process that carries it out: the schedule's state, put together from what the journal holds,
// what becomes of targets, and what people say meanwhile. It decides and keeps count; it writes, reads and waits for
// nothing. Loop's thread only.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/plan/plan.hpp"
#include "engine/plan/schedule.hpp"
#include "engine/run/runner.hpp"

namespace pgconvoy {

class Rollout {
 public:
  // REQUIRES: `plan` outlives it; records are those of all targets of the run, in their order.
  Rollout(const Plan& plan, const std::vector<TargetRecord>& records, const RunRequest& request);

  // What was journaled of the run itself before this process took it up, in order: waves, and what people said.
  void recall(const Event& event);
  // The same while this process is at it. Returns what is to be journaled because of it.
  std::vector<Event> hear(const Event& event, WallTime now);

  const RunOptions& options() const { return options_; }
  Decision decide(const Surroundings& surroundings) const { return pgconvoy::decide(schedule_, limits_, surroundings); }

  // Of a target in flight that hasn't begun its pause yet.
  PauseOutlook pause_outlook(const Surroundings& surroundings, int number) const;

  void begun(int number);
  // Ended, or let go of as it is; `is_no_failure`: it was let go of because it waited for what doesn't come now.
  void over(int number, const TargetRecord& record, bool is_no_failure = false);
  void lost(int number);
  void lost_all_in_flight();  // after a bug: nothing is known of them
  void unhealthy(int number) { schedule_.unhealthy(number); }
  int in_flight() const { return schedule_.in_flight(); }
  int new_ones_begun() const { return new_ones_begun_; }  // since the run was taken up, without those that were left from before

  // Where other processes are at work too: what the journal says of a target, and whether one of them, or this one, holds it.
  // What failed before `since` doesn't count in the budgets: whoever went on with the run has seen it.
  void follow(const TargetRecord& record, bool held, std::optional<WallTime> since);
  // Nobody holds it any more, and nothing was written of it.
  void abandoned(int number);
  // Let go of by this process, and to be gone on with by it.
  void comes_back(int number);
  // As decide(), of targets in these regions only; others count where they are in flight.
  Decision decide_in(const std::set<std::string>& regions, const Surroundings& surroundings) const;

  // What was to be taken up again and isn't begun stays as it had ended.
  void leave_ended_ones();
  int not_begun() const { return not_begun_; }
  // Of the whole run, also when this process was asked for some of its targets only.
  std::vector<Event> skip_what_is_pending(const Error& why, WallTime now);

  // The event, and the state that it leads to.
  Event end_wave(int wave, WallTime now);
  Event open_wave(int wave, WallTime now);
  // Set when what is waited for isn't what was last journaled.
  std::optional<Event> changed_waits(const Decision& decision, WallTime now);

  // Of the wave that ended last: those that have succeeded.
  std::vector<int> to_be_watched() const;
  const Candidate& candidate(int number) const { return schedule_.candidate(number); }
  bool was_interrupted(int number) const { return schedule_.standing(number) == Standing::interrupted; }

  RunState final_state(const Decision& decision, bool cancelled) const;

 private:
  struct Tracked {
    TargetState state = TargetState::pending;
    std::optional<TargetState> before;  // its end, when it is one that is to be taken up again
    std::optional<WallTime> ended;
    bool left = false;  // this process was at work on it and let go
    bool is_no_failure = false;  // of one that was left
    bool counted = false;  // among new_ones_begun()
  };

  Tracked& at(int number) { return targets_.at(number - 1); }
  void place(const TargetRecord& record, const RunRequest& request);
  void take_up_again(int number);
  void set_before(Tracked& target, std::optional<TargetState> before);
  Event event(EventKind kind, json data, WallTime now) const;
  Event skip(int number, const Error& why, const std::string& reason, WallTime now);

  const Plan& plan_;
  const std::int64_t run_;
  const bool backward_;
  RunOptions options_;
  Limits limits_;
  Schedule schedule_;
  std::vector<Tracked> targets_;  // by number
  std::vector<Wait> told_waits_;
  int taken_up_ = 0;  // targets with `before`
  int not_begun_ = 0, approved_ = 1, new_ones_begun_ = 0;
};

}  // namespace pgconvoy
