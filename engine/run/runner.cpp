#include "engine/core/host.hpp"
#include "engine/run/progress_watch.hpp"
#include "engine/run/runner_impl.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>


namespace pgconvoy {
Runner::Runner(Services services, Journal& journal, const OperationRegistry& operations,
               const ConditionRegistry& conditions, std::vector<RunListener*> listeners)
    : impl_(new Impl{services, journal, operations, conditions, std::move(listeners)}) {}
Runner::~Runner() = default;

void Runner::stop() {
  impl_->stopping = true;
  impl_->wake();
}
int Runner::not_begun() const { return impl_->rollout ? impl_->rollout->not_begun() : 0; }
const std::vector<Wait>& Runner::waits() const { return impl_->waits; }
bool Runner::stopping() const { return impl_->stopping || impl_->paused || impl_->cancelled; }

void Runner::hear(const Event& event) {
  if (event.sequence <= impl_->recalled) return;  // known already
  impl_->words.push_back(event);
  impl_->wake();
}

void Runner::look_again() { impl_->wake(); }

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

Error run_was_cancelled(std::optional<CancelMode> mode) {
  return Error(ErrorKind::cancelled, mode == CancelMode::rollback ? "the run was cancelled with --rollback" : "the run was cancelled");
}

// Facts of a target that was begun are the journaled ones.
static Result<TargetFacts> journaled_facts(Journal& journal, std::int64_t run, int target) {
  TargetFacts facts;
  TRY_VOID(journal.target_events(run, target, 0, [&](const Event& event) {
    if (event.kind == EventKind::facts_gathered && event.data.contains("facts"))
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
  // What other processes do with their targets isn't told here.
  if (all_are == All::read && !busy.empty()) all_are = All::unread;
  if (all_are == All::unread) {
    all_are = All::being_read;
    const auto work = [&] { return journal.targets(run, true); };
    auto read = co_await run_blocking(services.pool, work);
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

Task<Result<TargetRecord>> Runner::Impl::work_on(const Plan& plan, const PlannedTarget& planned, JournalWriter& writer,
                                                const RunRequest& request, std::optional<Claimed> claimed) {
  TargetWork work{plan, planned, journal.token(), request.run, {}, {}, request.accept_data_loss, {}, {}};
  const auto read_record = [&]() -> Result<TargetFacts> {
    TRY(work.record, journal.target(request.run, planned.number));
    if (work.record.state == TargetState::pending || (claimed && claimed->before == TargetState::pending)) return TargetFacts{};
    return journaled_facts(journal, request.run, planned.number);
  };
  auto read = co_await run_blocking(services.pool, read_record);
  if (!read) co_return read.error();
  if (claimed && work.record.epoch != claimed->epoch)
    co_return Error(ErrorKind::conflict, "another process has claimed the target");
  work.facts = *std::move(read);
  work.targets_of_run = [this, run = request.run] { return targets_of_run(run); };
  TargetRunner::Setup setup{services, writer, operations, conditions, request,
                            [this](int target, const std::string& step, const Progress& progress) {
                              tell_progress(target, step, progress);
                            },
                            run_was_cancelled(CancelMode::rollback), cancelled == CancelMode::rollback};
  setup.places = places.get();
  if (claimed) {
    setup.claimed_from = claimed->before;
    setup.lost = [this, &request, number = planned.number] { return lost_lease(*request.shared, request.run, number); };
    // Where this one keeps to some regions the others may keep to others: then nobody might take up what is left to them.
    if (request.shared->regions.empty()) setup.others = [&request] { return request.shared->journal.members(request.run); };
  }
  TargetRunner runner(std::move(setup), work);
  struct AtWork {
    std::map<int, TargetRunner*>& all;
    ProgressMeters& meters;
    int number;
    ~AtWork() {
      all.erase(number);
      meters.remove(number);
    }
  };
  at_work[planned.number] = &runner;
  meters.add(work);
  const AtWork until_it_ends{at_work, meters, planned.number};
  CO_TRY_VOID(co_await runner.run());
  if (runner.is_handed_over()) handed_over.insert(planned.number);
  co_return std::move(work.record);
}

Task<void> Runner::Impl::carry_out(const Plan& plan, int number, JournalWriter& writer, const RunRequest& request) {
  auto record = co_await work_on(plan, plan.targets.at(number - 1), writer, request, std::nullopt);
  if (record) {
    rollout->over(number, *record, places->turned_away(number));
  } else {
    rollout->lost(number);
    if (!fatal) fatal = record.error();
  }
  places->leave(number);
  wake();
}

void Runner::Impl::start(asio::any_io_executor executor, const Plan& plan, int number, JournalWriter& writer,
                         const RunRequest& request) {
  rollout->begun(number);
  asio::co_spawn(executor, carry_out(plan, number, writer, request), [this](std::exception_ptr failure) {
    if (!failure) return;
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& bug) {
      if (!fatal) fatal = Error(ErrorKind::internal, fmt::format("a bug ended the work on a target: {}", bug.what()));
    }
    rollout->lost_all_in_flight();
    wake();
  });
}

Event Runner::Impl::end_of_run(std::int64_t run, RunState state) const {
  Event event;
  event.run = run;
  event.kind = EventKind::run_ended;
  event.at = services.clock.wall();
  std::string why = stopping ? "stopped by the operator" : cancelled ? "cancelled by the operator" : paused ? "paused by the operator" : "";
  // For whoever is told of the end: what is left waits for this.
  if (why.empty() && state == RunState::halted && !waits.empty()) why = waits.front().text;
  event.data = json{{"state", to_string(state)}, {"reason", why}};
  return event;
}

Task<Result<RunState>> Runner::run(Plan plan, RunRequest request) {
  const auto read = [&] { return impl_->journal.targets(request.run, false); };
  auto records = co_await run_blocking(impl_->services.pool, read);
  if (!records) co_return records.error();
  if (records->size() != plan.targets.size())
    co_return Error(ErrorKind::corrupt, "the journal holds other targets than the plan", "pgconvoy journal verify");
  if (request.cancel) impl_->cancelled = request.cancel;
  impl_->rollout = std::make_unique<Rollout>(plan, *records, request);
  impl_->budgets = std::make_unique<PauseBudgets>(plan);
  for (const TargetRecord& record : *records) impl_->budgets->recall(record);
  impl_->places = std::make_unique<PausePlaces>(
      [this, &plan, &request](int number, bool waits) { return impl_->why_no_pause(plan, request, number, waits); });
  impl_->soak = std::make_unique<Soak>(impl_->services, plan);
  impl_->watch = std::make_unique<ServerWatch>(impl_->services, plan);
  CO_TRY_VOID(co_await impl_->recall(request));

  JournalWriter writer(impl_->journal, impl_->services.pool, [this](const Event& event) { impl_->tell(event); });
  auto seen = [this](int target, const ServerLook& look) {
    if (const auto progress = impl_->meters.seen(target, look)) impl_->tell_all(target, impl_->meters.step_of(target), *progress);
  };
  // Somebody may begin to look at any time, and go away again: servers are asked nothing meanwhile.
  auto wanted = [this] {
    const auto& listeners = impl_->listeners;
    const bool looks = std::any_of(listeners.begin(), listeners.end(), [](const RunListener* listener) { return listener->watches_progress(); });
    return looks ? impl_->meters.databases() : std::vector<ProgressWatch::Database>{};
  };
  ProgressWatch watch(impl_->services, plan.fleet, std::move(wanted), std::move(seen));
  auto executor = co_await asio::this_coro::executor;
  watch.begin(executor);
  auto ended = co_await impl_->carry_out_run(plan, writer, request);
  co_await watch.end();
  co_return ended;
}

Task<Result<RunState>> Runner::Impl::carry_out_run(const Plan& plan, JournalWriter& writer, const RunRequest& request) {
  // Who takes part says so with his first claim, and the end is journaled by who finds that nothing is left.
  if (request.shared != nullptr) co_return co_await shared_loop(plan, writer, request);
  Event started;
  started.run = request.run;
  started.kind = EventKind::run_started;
  started.at = services.clock.wall();
  started.data = json{{"pid", getpid()}, {"host", this_host()}, {"by", this_operator()}, {"version", PGCONVOY_VERSION},
                      {"direction", request.direction == Direction::forward ? "forward" : "backward"}};
  started.data["options"] = rollout->options();  // as they are by now
  if (!request.only.empty()) started.data["only"] = true;
  CO_TRY_VOID(co_await writer.append(started));

  auto state = co_await loop(plan, writer, request);
  if (!state) co_return state.error();
  CO_TRY_VOID(co_await writer.append(end_of_run(request.run, *state)));
  co_return *state;
}

}  // namespace pgconvoy
