// The work on one target: claim, lock, facts, steps, compensation. The runner starts one of these for each target
// in flight.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "engine/facts/condition.hpp"
#include "engine/journal/writer.hpp"
#include "engine/run/interrupt.hpp"
#include "engine/run/pause_end.hpp"
#include "engine/run/pause_places.hpp"
#include "engine/run/runner.hpp"
#include "engine/run/step_context.hpp"

namespace pgconvoy {

class TargetRunner {
 public:
  struct Setup {
    Services& services;
    JournalWriter& journal;
    const OperationRegistry& operations;
    const ConditionRegistry& conditions;
    const RunRequest& request;
    std::function<void(int, const std::string&, const Progress&)> progress;
    Error undo_because;      // what is journaled as the reason of an undo that undo_now() asked for
    bool undo_unless_pivoted = false;  // as if undo_now() had been called before run(); a new target is skipped
    std::optional<TargetState> claimed_from = std::nullopt;  // claimed in the journal already, when it was in this state
    // Why the target isn't this process's any more (its lease has ended): nothing is begun or journaled then. Unset: it stays.
    std::function<std::optional<Error>()> lost = nullptr;
    // How many other processes are at work on the run: what can't be reached from here may be reached by them. Blocks.
    std::function<Result<int>()> others = nullptr;
    // Asked for a place before a pause begins; the place is given back when the application is, and by whoever runs this when
    // the target has ended. None: nobody counts pauses.
    PausePlaces* places = nullptr;
  };

  TargetRunner(Setup setup, TargetWork& work);

  // Returns when the target has ended (or is stuck, or was left as it is because another process holds it).
  // Errors are the journal's: nothing may go on then.
  Task<Result<void>> run();
  // Left as it is since its servers can't be reached from here, for other processes that may reach them.
  bool is_handed_over() const { return handed_over_; }

  // Takes the target back right now: the step in flight is interrupted, then all that was begun is undone. Nothing
  // happens to a target that has pivoted or is on its way back already. The loop's thread; returns at once.
  void undo_now();

  // The target is another process's from now on: programs are killed, those of the site too, and nothing of it goes on or is
  // written.
  void give_up(Error lost);

 private:
  // What became of one step, or of the forward direction as a whole.
  struct Failure {
    std::string step;
    Error error;
    bool stuck = false;       // it can't be decided what happened: no compensation
    bool start_over = false;  // taken back with what it rests on: forward again from the first step that isn't done
    bool let_go = false;      // the target isn't ours any more: nothing more is done to it
  };
  using Attempt = Result<std::optional<Failure>>;  // the outer error is the journal's

  Task<Result<void>> work();
  Task<Result<void>> claim();
  Task<std::optional<Error>> take_over();
  Task<std::optional<Error>> lock_instances();
  Task<std::optional<Error>> end_lower_epochs(std::string server_id);
  Task<std::optional<Error>> still_ours();
  // What failed may have failed since a server of the target is out of reach from here: no session can be opened any more.
  // Others go on from there, forward or back, and nothing is taken back for that; a few times.
  Task<bool> is_cut_off(Error error);
  // Likewise of one that is out of reach, whatever it is.
  Task<bool> is_for_others(Error error);
  Task<bool> others_may_try();
  // What can't even be taken up now may be later, by this process too: until many have tried.
  bool may_be_taken_up_later(const Error& error) const;
  Task<Result<bool>> gather_and_check();  // false: skipped

  Task<Result<void>> forward();
  Task<Result<std::optional<PausePlaces::Refusal>>> wait_for_place(std::string step);
  void follow_pause();
  Task<Attempt> do_step(const StepPlan& step);
  Task<Attempt> attempt_step(const StepPlan& step, Operation& operation, int attempt);
  Seconds delay_before(int next_attempt) const;
  Task<Attempt> settle_unfinished(const StepPlan& step, Operation& operation, bool& done);
  Task<Attempt> renew_foundations(const StepPlan& step, Operation& operation);
  Attempt start_over_or(Failure failure, const Failure& otherwise);
  double max_pause() const;                   // seconds; 0: no limit
  std::optional<Seconds> pause_left() const;  // until max_pause is over; none when the target isn't paused or has pivoted
  std::optional<Seconds> left_for_a_call() const;  // likewise, and none on the way back: it gets the time that it needs
  std::optional<Error> over_max_pause() const;
  Task<Result<void>> backward(std::string failed_step, Error error);
  Task<Attempt> undo_step(const StepRecord& step);
  Attempt let_go(Error lost) const;
  Task<void> end_statements();
  Task<void> interruption_over();
  Task<Result<void>> turn_back(std::string step);
  Task<Result<void>> skip_as_asked();
  Task<void> pivoted_after_all();
  bool is_paused() const;
  Task<Result<void>> leave_as_it_is(Error error);
  Task<Result<void>> stuck(std::string step, Error error);

  Event event(EventKind kind, const std::string& step = {}, json data = json::object(), int attempt = 0) const;
  std::vector<Event> success(const std::string& path, const json& outcome, double seconds, int attempt) const;
  std::vector<Event> undone(const StepRecord& step, const std::string& detail) const;
  Task<Result<void>> append(std::vector<Event> events);
  Task<Result<void>> append(Event single);
  const StepPlan* planned_step(const std::string& path) const;

  Interruptible interruptible_;
  CallsEndWithPause calls_end_with_pause_;
  Setup setup_;
  TargetWork& work_;
  bool handed_over_ = false;
  std::optional<Error> asked_back_;  // undo_now() was called, and the target had not pivoted
  asio::any_io_executor executor_;   // of run()
  std::unique_ptr<asio::steady_timer> statements_ended_;  // set while those in flight are being cancelled at the servers
  std::map<std::string, int> started_over_;  // step -> how often
  bool undoing_ = false;                     // a step is being taken back, on whatever way
  bool was_paused_ = false;                  // as places know it
};

json to_json_value(const Error& error);
Error error_from_json(const json& value);

}  // namespace pgconvoy
