#include "engine/run/runner.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>

#include "engine/plan/schedule.hpp"
#include "engine/run/target_runner.hpp"

namespace pgconvoy {
namespace {

bool ended(TargetState state) {
  return state == TargetState::succeeded || state == TargetState::skipped || state == TargetState::rolled_back ||
         state == TargetState::stuck;
}

// May this target be worked on under this request?
bool wanted(const TargetRecord& target, const RunRequest& request) {
  if (!request.only.empty() && !request.only.count(target.number)) return false;
  if (request.direction == Direction::backward) {
    if (target.state == TargetState::pending || target.state == TargetState::skipped ||
        target.state == TargetState::rolled_back)
      return false;
    return request.include_ended || !ended(target.state);
  }
  if (!ended(target.state)) return true;
  return request.include_ended && target.state != TargetState::succeeded;
}

// A target as this process sees it.
struct Tracked : Candidate {
  bool wanted = false;  // this process may start it; false once it did
  bool left = false;    // this process was at work on it and let go: it isn't started again, and counts in the budget
  std::optional<TargetState> before = std::nullopt;  // its end, when it is one that is to be taken up again
};

}  // namespace

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
  int not_begun = 0;
  std::map<int, TargetRunner*> at_work = {};  // by target's number
  std::unique_ptr<asio::steady_timer> wakeup;
  std::vector<Tracked> candidates;
  std::optional<Error> fatal;
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
    for (RunListener* listener : listeners) listener->journaled(event);
  }
  void tell_progress(int target, const std::string& step, const Progress& progress) {
    for (RunListener* listener : listeners) listener->progressed(target, step, progress);
  }
  void wake() {
    if (wakeup) wakeup->cancel();
  }
  Task<Result<TargetState>> work_on(const Plan& plan, const PlannedTarget& planned, JournalWriter& writer,
                                    const RunRequest& request);
  Task<void> carry_out(const Plan& plan, std::size_t index, JournalWriter& writer, const RunRequest& request);
  Task<Result<RunState>> loop(const Plan& plan, JournalWriter& writer, const RunRequest& request);
  RunIntent intent() const;
  void leave_ended_ones();
  Task<Result<void>> skip_what_is_pending(std::int64_t run, JournalWriter& writer);
  RunState final_state(const Decision& decision) const;
  Event end_of_run(std::int64_t run, RunState state) const;
};

Runner::Runner(Services services, Journal& journal, const OperationRegistry& operations,
               const ConditionRegistry& conditions, std::vector<RunListener*> listeners)
    : impl_(new Impl{services, journal, operations, conditions, std::move(listeners)}) {}
Runner::~Runner() = default;

void Runner::stop() {
  impl_->stopping = true;
  impl_->wake();
}
int Runner::not_begun() const { return impl_->not_begun; }
bool Runner::stopping() const { return impl_->stopping || impl_->paused || impl_->cancelled; }

void Runner::pause() {
  impl_->paused = true;
  impl_->wake();
}

void Runner::cancel(CancelMode mode) {
  if (impl_->cancelled != CancelMode::rollback) impl_->cancelled = mode;
  impl_->cancelled_meanwhile = true;
  if (mode == CancelMode::rollback)
    for (const auto& [number, target] : impl_->at_work) target->undo_now();
  impl_->wake();
}

// What is journaled with a target that a cancelled run takes back or never starts.
static Error run_was_cancelled(std::optional<CancelMode> mode) {
  return Error(ErrorKind::cancelled, mode == CancelMode::rollback ? "the run was cancelled with --rollback" : "the run was cancelled");
}

// Facts of a target that was begun are the journaled ones.
static Result<TargetFacts> journaled_facts(Journal& journal, std::int64_t run, int target) {
  TargetFacts facts;
  TRY_VOID(journal.events(run, 0, [&](const Event& event) {
    if (event.target == target && event.kind == EventKind::facts_gathered && event.data.contains("facts"))
      facts = event.data["facts"].get<TargetFacts>();
    return true;
  }));
  return facts;
}

Task<Result<const std::map<int, TargetRecord>*>> Runner::Impl::targets_of_run(std::int64_t run) {
  while (all_are == All::being_read) {
    auto executor = co_await asio::this_coro::executor;
    asio::steady_timer* timer = waiting_for_all.emplace_back(std::make_unique<asio::steady_timer>(executor)).get();
    timer->expires_at(asio::steady_timer::time_point::max());
    boost::system::error_code ignored;
    co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  if (all_are == All::unread) {
    all_are = All::being_read;
    auto read = co_await run_blocking(services.pool, [&] { return journal.targets(run, true); });
    all_are = read ? All::read : All::unread;
    if (read) {
      for (TargetRecord& record : *read) all[record.number] = std::move(record);
      for (const Event& event : meanwhile)
        if (all.count(event.target)) (void)pgconvoy::apply(all[event.target], event);
    }
    meanwhile.clear();
    for (auto& timer : waiting_for_all) timer->cancel();
    if (!read) co_return read.error();
  }
  co_return &all;
}

Task<Result<TargetState>> Runner::Impl::work_on(const Plan& plan, const PlannedTarget& planned, JournalWriter& writer,
                                                const RunRequest& request) {
  TargetWork work{plan, planned, journal.token(), request.run, {}, {}, request.accept_data_loss, {}, {}};
  auto read = co_await run_blocking(services.pool, [&]() -> Result<TargetFacts> {
    TRY(work.record, journal.target(request.run, planned.number));
    if (work.record.state == TargetState::pending) return TargetFacts{};
    return journaled_facts(journal, request.run, planned.number);
  });
  if (!read) co_return read.error();
  work.facts = *std::move(read);
  work.targets_of_run = [this, run = request.run] { return targets_of_run(run); };
  TargetRunner::Setup setup{services, writer, operations, conditions, request,
                            [this](int target, const std::string& step, const Progress& progress) {
                              tell_progress(target, step, progress);
                            },
                            run_was_cancelled(CancelMode::rollback), cancelled == CancelMode::rollback};
  TargetRunner runner(std::move(setup), work);
  struct AtWork {
    std::map<int, TargetRunner*>& all;
    int number;
    ~AtWork() { all.erase(number); }
  };
  at_work[planned.number] = &runner;
  const AtWork until_it_ends{at_work, planned.number};
  CO_TRY_VOID(co_await runner.run());
  co_return work.record.state;
}

Task<void> Runner::Impl::carry_out(const Plan& plan, std::size_t index, JournalWriter& writer,
                                   const RunRequest& request) {
  const int number = candidates[index].number;
  auto planned = std::find_if(plan.targets.begin(), plan.targets.end(),
                              [&](const PlannedTarget& target) { return target.number == number; });
  auto state = co_await work_on(plan, *planned, writer, request);
  Tracked& candidate = candidates[index];
  candidate.in_flight = false;
  candidate.left = true;
  if (state)
    candidate.state = *state;
  else if (!fatal)
    fatal = state.error();
  wake();
}

RunIntent Runner::Impl::intent() const {
  if (stopping || fatal || (paused && !cancelled)) return RunIntent::pause;
  return cancelled ? RunIntent::cancel : RunIntent::none;
}

// What was to be retried or rolled back and wasn't begun stays as it had ended.
void Runner::Impl::leave_ended_ones() {
  for (Tracked& candidate : candidates) {
    if (!candidate.before || !candidate.wanted) continue;
    candidate.wanted = false;
    candidate.state = *candidate.before;
    ++not_begun;
  }
}

// Of the whole run, also when this process was asked for some of its targets only.
Task<Result<void>> Runner::Impl::skip_what_is_pending(std::int64_t run, JournalWriter& writer) {
  std::vector<Event> skipped;
  for (Tracked& candidate : candidates) {
    if (candidate.state != TargetState::pending || candidate.left) continue;
    Event event;
    event.run = run;
    event.target = candidate.number;
    event.kind = EventKind::target_skipped;
    event.at = services.clock.wall();
    const Error why = run_was_cancelled(std::nullopt);
    event.data = json{{"reason", "cancelled: it was not started"}, {"error", to_json_value(why)}};
    skipped.push_back(std::move(event));
    candidate.state = TargetState::skipped;
  }
  co_return co_await writer.append(std::move(skipped));
}

Event Runner::Impl::end_of_run(std::int64_t run, RunState state) const {
  Event event;
  event.run = run;
  event.kind = EventKind::run_ended;
  event.at = services.clock.wall();
  const char* why = stopping ? "stopped by the operator" : cancelled ? "cancelled by the operator" : paused ? "paused by the operator" : "";
  event.data = json{{"state", to_string(state)}, {"reason", why}};
  return event;
}

RunState Runner::Impl::final_state(const Decision& decision) const {
  const bool open = std::any_of(candidates.begin(), candidates.end(),
                                [](const Tracked& candidate) { return !ended(candidate.state); });
  if (open || (decision.halted && !cancelled)) return RunState::halted;
  if (cancelled) return RunState::cancelled;
  const bool all_good = std::all_of(candidates.begin(), candidates.end(), [](const Tracked& candidate) {
    return candidate.state == TargetState::succeeded;
  });
  return all_good ? RunState::succeeded : RunState::finished_with_failures;
}

Task<Result<RunState>> Runner::Impl::loop(const Plan& plan, JournalWriter& writer, const RunRequest& request) {
  auto executor = co_await asio::this_coro::executor;
  wakeup = std::make_unique<asio::steady_timer>(executor);
  Limits limits;
  limits.overall = plan.options.concurrency;
  limits.per_region = plan.options.concurrency_per_region;
  for (const auto& [id, region] : plan.fleet.regions)
    if (region.concurrency) limits.of_region[id] = *region.concurrency;
  limits.max_failures = failure_budget(plan.options.max_failures, static_cast<int>(plan.targets.size()));
  if (request.direction == Direction::backward) limits.max_failures.reset();

  Decision decision;
  for (;;) {
    if (stopping || paused || cancelled_meanwhile || (cancelled && request.direction == Direction::forward)) leave_ended_ones();
    std::vector<Candidate> open;
    for (const Tracked& candidate : candidates)
      if (candidate.wanted || candidate.in_flight || (candidate.left && ended(candidate.state))) open.push_back(candidate);
    decision = decide(open, limits, intent());
    for (int number : decision.start) {
      auto chosen = std::find_if(candidates.begin(), candidates.end(),
                                 [&](const Tracked& candidate) { return candidate.number == number; });
      chosen->in_flight = true;
      chosen->wanted = false;
      const auto index = static_cast<std::size_t>(chosen - candidates.begin());
      asio::co_spawn(executor, carry_out(plan, index, writer, request), [this](std::exception_ptr failure) {
        if (!failure) return;
        try {
          std::rethrow_exception(failure);
        } catch (const std::exception& bug) {
          if (!fatal) fatal = Error(ErrorKind::internal, fmt::format("a bug ended the work on a target: {}", bug.what()));
        }
        for (Tracked& candidate : candidates) candidate.in_flight = false;
        wake();
      });
    }
    const bool flying = std::any_of(candidates.begin(), candidates.end(),
                                    [](const Tracked& candidate) { return candidate.in_flight; });
    if (!flying) break;
    wakeup->expires_at(asio::steady_timer::time_point::max());
    boost::system::error_code ignored;
    co_await wakeup->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  if (fatal) co_return *fatal;
  if (cancelled) CO_TRY_VOID(co_await skip_what_is_pending(request.run, writer));
  co_return final_state(decision);
}

Task<Result<RunState>> Runner::run(Plan plan, RunRequest request) {
  auto records = co_await run_blocking(impl_->services.pool,
                                       [&] { return impl_->journal.targets(request.run, false); });
  if (!records) co_return records.error();
  impl_->candidates.clear();
  if (request.cancel) impl_->cancelled = request.cancel;
  for (const TargetRecord& record : *records) {
    Tracked candidate;
    candidate.number = record.number;
    candidate.region = record.region;
    candidate.state = record.state;
    candidate.wanted = wanted(record, request);
    impl_->candidates.push_back(candidate);
  }
  // A retried or rolled back target starts from an ended state: for the schedule it is one that is under way.
  for (Tracked& candidate : impl_->candidates)
    if (candidate.wanted && ended(candidate.state)) {
      candidate.before = candidate.state;
      candidate.state = TargetState::running;
    }

  JournalWriter writer(impl_->journal, impl_->services.pool, [this](const Event& event) { impl_->tell(event); });
  Event started;
  started.run = request.run;
  started.kind = EventKind::run_started;
  started.at = impl_->services.clock.wall();
  started.data = json{{"pid", getpid()}, {"direction", request.direction == Direction::forward ? "forward" : "backward"}};
  CO_TRY_VOID(co_await writer.append(started));

  auto state = co_await impl_->loop(plan, writer, request);
  if (!state) co_return state.error();
  CO_TRY_VOID(co_await writer.append(impl_->end_of_run(request.run, *state)));
  co_return *state;
}

}  // namespace pgconvoy
