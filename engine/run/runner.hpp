// The run loop: takes targets as the schedule lets them, does their steps, journals intent before effect and
// outcome after, compensates in reverse, and stops when told.
//
// Everything happens on one loop's thread. The runner prints nothing: listeners get every journaled event and
// the passing progress.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "engine/facts/condition.hpp"
#include "engine/journal/journal.hpp"
#include "engine/journal/writer.hpp"
#include "engine/plan/plan.hpp"
#include "engine/plan/schedule.hpp"
#include "engine/run/operation.hpp"
#include "engine/run/step_context.hpp"

namespace pgconvoy {

// What a printer is told. All calls come on the loop's thread and must not block.
class RunListener {
 public:
  virtual ~RunListener() = default;
  virtual void journaled(const Event& event) = 0;
  virtual void progressed(int target, const std::string& step, const Progress& progress) = 0;
  // Somebody looks at the passing progress: only then are servers asked for it.
  virtual bool watches_progress() const { return false; }
};

// How the work on a target goes on from its journaled state.
enum class Direction {
  forward,   // from where it is to succeeded; failures are compensated (or left, as the options say)
  backward,  // undo everything: rollback of an ended target, or of one that was interrupted
};

// What a cancelled run does with targets that are under way. Those that have pivoted go forward in any case.
enum class CancelMode {
  leave,     // they go on to their end
  rollback,  // they are undone, the step in flight is interrupted
};

struct SharedRun;

struct RunRequest {
  std::int64_t run = 0;
  Direction direction = Direction::forward;
  std::set<int> only;             // target numbers; empty: all
  bool include_ended = false;     // retry: also rolled back and skipped targets; rollback: also succeeded ones
  bool accept_data_loss = false;  // named targets only
  std::optional<CancelMode> cancel;  // the run was cancelled: nothing new starts, what is pending is skipped
  SharedRun* shared = nullptr;    // others work on the run too; forward, all targets. Lives longer than the call
  Seconds lease{30};              // of a shared run
  Seconds first_delay{1};         // before a step is tried again; doubled each time, and a random half less or more
};

class Runner {
 public:
  Runner(Services services, Journal& journal, const OperationRegistry& operations, const ConditionRegistry& conditions,
         std::vector<RunListener*> listeners);
  ~Runner();

  // Runs until nothing is left to start or stop() was called and what is in flight has ended. Returns the state
  // that was journaled for the run. Errors: the journal can't be written, the plan can't be read, the runbook's
  // operations aren't the ones that it was planned with.
  Task<Result<RunState>> run(Plan plan, RunRequest request);

  // Starts nothing new; what is in flight finishes. May be called from a signal handler of the loop.
  void stop();
  bool stopping() const;  // for whatever reason
  // Targets that had ended, were to be retried or rolled back, and were not begun because of stop(), pause() or cancel():
  // they are as they were.
  int not_begun() const;
  // As stop(), because somebody said `pause`: the run is halted.
  void pause();
  // Nothing more starts, what is pending is skipped, and what is in flight ends as the mode says. A rollback may follow a
  // leave, not the other way round.
  void cancel(CancelMode mode);
  // What another process journaled about the run meanwhile: an approval, limits, a target to be skipped or retried. An event
  // that was read when the run was taken up is ignored.
  void hear(const Event& event);
  // Something was written by another process that works on the same run.
  void look_again();
  // What pending targets wait for, or waited for at the last decision.
  const std::vector<Wait>& waits() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pgconvoy
