// The inside of Runner: runner.cpp starts and ends a run and the work on single targets, runner_loop.cpp decides what is done
// when, shared_loop.cpp where other processes do so too. Nobody else includes this.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "engine/plan/region_windows.hpp"
#include "engine/run/pause_budgets.hpp"
#include "engine/run/pause_places.hpp"
#include "engine/run/progress_meters.hpp"
#include "engine/run/rollout.hpp"
#include "engine/run/runner.hpp"
#include "engine/run/server_watch.hpp"
#include "engine/run/shared_run.hpp"
#include "engine/run/soak.hpp"
#include "engine/run/target_runner.hpp"

namespace pgconvoy {

// What is journaled with a target that a cancelled run takes back or never starts.
Error run_was_cancelled(std::optional<CancelMode> mode);

struct Runner::Impl {
  Services services;
  Journal& journal;
  const OperationRegistry& operations;
  const ConditionRegistry& conditions;
  std::vector<RunListener*> listeners;
  bool stopping = false;
  bool paused = false;
  std::optional<CancelMode> cancelled = std::nullopt;
  bool cancelled_meanwhile = false;  // not before it began: a rollback of a run that is cancelled is one all the same
  std::map<int, TargetRunner*> at_work = {};  // by target's number
  ProgressMeters meters = {};
  std::unique_ptr<asio::steady_timer> wakeup;
  std::int64_t recalled = 0;  // the run's own events up to this one were read before the first decision
  bool news = false;  // something happened since the last decision
  std::unique_ptr<Rollout> rollout;
  std::vector<Event> words = {};  // what others said since the last decision
  std::vector<Wait> waits = {};   // of the last decision
  std::unique_ptr<PauseBudgets> budgets;
  std::unique_ptr<PausePlaces> places;
  std::vector<int> places_left = {};  // of a shared run: their ends aren't counted yet
  RunIntent shared_intent = RunIntent::none;  // of a shared run, as the journal had it last
  bool claiming = false;                  // of a shared run: the rollout is in another thread's hands
  std::unique_ptr<RegionWindows> windows;
  std::string windows_as_set = {};  // what they were made of
  std::unique_ptr<Soak> soak;
  std::unique_ptr<ServerWatch> watch;
  bool looking = false;  // at the applications of a wave that soaks
  std::optional<SteadyTime> next_look;
  std::vector<Soak::Unhealthy> unhealthy = {};
  std::optional<Error> fatal;
  std::set<int> busy = {};                // of a shared run: this process is at work on them
  std::set<int> given_up = {};            // of those: their leases have ended
  std::vector<TargetRecord> let_go = {};  // of a shared run: not ended, and not held by this process any more
  std::set<int> handed_over = {};         // of those: since their servers can't be reached from here
  bool watching_leases = false, lease_watch_is_over = true;
  std::unique_ptr<asio::steady_timer> lease_timer;
  // Every target with its steps, from the moment that somebody asks for them. What is journaled while they are read is
  // kept for afterwards; the fold refuses what they had already.
  std::map<int, TargetRecord> all{};
  enum class All { unread, being_read, read } all_are = All::unread;
  std::vector<Event> meanwhile{};
  std::vector<std::unique_ptr<asio::steady_timer>> waiting_for_all{};

  Task<Result<const std::map<int, TargetRecord>*>> targets_of_run(std::int64_t run);

  void tell(const Event& event) {
    if (all_are == All::being_read) meanwhile.push_back(event);
    if (all_are == All::read && all.count(event.target)) (void)pgconvoy::apply(all[event.target], event);
    const auto budget_ends = budgets->next();
    budgets->journaled(event);
    if (budgets->next() != budget_ends) wake();
    meters.before(event, [this](int target, const std::string& step, const Progress& progress) { tell_all(target, step, progress); });
    for (RunListener* listener : listeners) listener->journaled(event);
    meters.after(event);
  }
  void tell_progress(int target, const std::string& step, const Progress& progress) {
    tell_all(target, step, meters.said(target, step, progress));
  }
  void tell_all(int target, const std::string& step, const Progress& progress) {
    for (RunListener* listener : listeners) listener->progressed(target, step, progress);
  }
  void wake() {
    news = true;
    if (wakeup) wakeup->cancel();
  }
  Task<Result<TargetRecord>> work_on(const Plan& plan, const PlannedTarget& planned, JournalWriter& writer,
                                     const RunRequest& request, std::optional<Claimed> claimed);
  Task<void> carry_out_claimed(const Plan& plan, Claimed claimed, JournalWriter& writer, const RunRequest& request);
  void start_claimed(asio::any_io_executor executor, const Plan& plan, Claimed claimed, JournalWriter& writer, const RunRequest& request);
  std::optional<Error> lost_lease(const SharedRun& shared, std::int64_t run, int number) const;
  Task<void> watch_leases(const SharedRun& shared, std::int64_t run);
  Task<Result<RunState>> shared_loop(const Plan& plan, JournalWriter& writer, const RunRequest& request);
  Task<void> carry_out(const Plan& plan, int number, JournalWriter& writer, const RunRequest& request);
  void start(asio::any_io_executor executor, const Plan& plan, int number, JournalWriter& writer, const RunRequest& request);
  Task<void> look_at_soaking();
  Task<Result<void>> recall(const RunRequest& request);
  Surroundings surroundings(const Plan& plan, const RunRequest& request);
  std::optional<PausePlaces::Refusal> why_no_pause(const Plan& plan, const RunRequest& request, int number, bool waits);
  std::optional<WallTime> next_look_at_places(const Plan& plan, const RunRequest& request);
  std::vector<Event> what_was_said(const Plan& plan, std::int64_t run);
  Task<Result<bool>> look_at_servers(const Decision& decision, std::int64_t run, JournalWriter& writer);
  std::optional<Event> next_of_waves(const Decision& decision);
  void look_after_wave(asio::any_io_executor executor);
  Task<void> wait(const Decision& decision, std::optional<WallTime> look_at_places);
  Task<Result<RunState>> loop(const Plan& plan, JournalWriter& writer, const RunRequest& request);
  Task<Result<RunState>> carry_out_run(const Plan& plan, JournalWriter& writer, const RunRequest& request);
  RunIntent intent(const RunRequest& request) const;
  Event end_of_run(std::int64_t run, RunState state) const;
};

}  // namespace pgconvoy
