// What a worker starts next, where others work on the same run: keeps this process' rollout up with what all of them have
// journaled, and decides while the run's lane is locked, so that no two count the same free place.
//
// choose() is called within the claim's transaction, on its thread, while the loop waits for it; all else on the loop's.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "engine/run/rollout.hpp"
#include "engine/run/shared_run.hpp"

namespace pgconvoy {

class SharedSchedule {
 public:
  // REQUIRES: the rollout knows the targets as planned, and the run's own events up to the sequence `recalled`.
  SharedSchedule(Rollout& rollout, const SharedRun& shared, std::int64_t run, std::int64_t recalled)
      : rollout_(rollout), shared_(shared), run_(run), own_events_seen_(recalled) {}

  std::int64_t seen() const { return seen_; }

  // `said`: to be journaled with it. `busy`: targets that this process is still at work on, whatever became of its leases.
  // May be called again with a later view when what it chose was not written.
  ClaimChoice choose(const ClaimView& view, Surroundings surroundings, const std::vector<Event>& said, const std::set<int>& busy,
                     const Error& cancelled);
  // What was written of it.
  void took(const ClaimAnswer& answer);

  // This process has let go of a target that hasn't ended: for a while it is left to the others, where there are any. One that was
  // handed over to them, since its servers can't be reached from here, is taken up again here after that while when nobody took it:
  // they may all keep to other regions, or be gone. Nothing when it has become known meanwhile that another process took it.
  void left(const TargetRecord& record, bool is_no_failure, bool handed_over);

  const Decision& decision() const { return decision_; }
  std::optional<RunState> over() const { return over_; }  // how the run ended, or that it isn't under way
  std::optional<Seconds> next_end() const { return next_end_; }
  std::optional<Seconds> next_take_up() const;  // until something that was let go of is taken up again here
  // Places beyond this process's share are left to the other workers for a moment: look again after it.
  static constexpr Seconds kLeftToOthers{2};
  bool leaves_places() const { return left_since_.has_value(); }

 private:
  void follow(const ClaimView& view, WallTime now);
  bool is_left_alone(int number) const;
  void take_up_what_nobody_took(const ClaimView& view);
  void leave_to_others(std::vector<int>& start, int others, std::size_t busy);
  void hear(const Event& event, WallTime now);
  Event end(RunState state, const std::string& reason, WallTime now) const;

  Rollout& rollout_;
  const SharedRun& shared_;
  const std::int64_t run_;
  std::int64_t seen_ = 0, own_events_seen_ = 0;
  std::set<int> in_flight_;      // anywhere
  std::vector<Event> to_write_;  // decided, and not known to be written
  std::optional<WallTime> began_;  // the first worker since the run had ended last
  json told_waits_;              // of the last run_waits, whoever wrote it
  Decision decision_;
  std::optional<RunState> over_;
  std::optional<Seconds> next_end_;
  std::optional<SteadyTime> left_since_;
  int others_ = 0;                       // workers, when last looked at
  struct LetGoOf {
    SteadyTime since;
    bool handed_over = false;
  };
  std::map<int, LetGoOf> let_go_of_;  // targets
  struct Known {
    int epoch = 0;
    bool is_under_way = false;
  };
  std::map<int, Known> known_;  // targets: what the journal said last of them
};

}  // namespace pgconvoy
