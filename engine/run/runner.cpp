#include "engine/run/runner.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>

#include "engine/plan/region_windows.hpp"
#include "engine/run/rollout.hpp"
#include "engine/run/server_watch.hpp"
#include "engine/run/soak.hpp"
#include "engine/run/target_runner.hpp"

namespace pgconvoy {
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
  std::unique_ptr<asio::steady_timer> wakeup;
  std::int64_t recalled = 0;  // the run's own events up to this one were read before the first decision
  bool news = false;  // something happened since the last decision
  std::unique_ptr<Rollout> rollout;
  std::vector<Event> words = {};  // what others said since the last decision
  std::vector<Wait> waits = {};   // of the last decision
  std::unique_ptr<RegionWindows> windows;
  std::string windows_as_set = {};  // what they were made of
  std::unique_ptr<Soak> soak;
  std::unique_ptr<ServerWatch> watch;
  bool looking = false;  // at the applications of a wave that soaks
  std::optional<SteadyTime> next_look;
  std::vector<Soak::Unhealthy> unhealthy = {};
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
    news = true;
    if (wakeup) wakeup->cancel();
  }
  Task<Result<TargetRecord>> work_on(const Plan& plan, const PlannedTarget& planned, JournalWriter& writer,
                                     const RunRequest& request);
  Task<void> carry_out(const Plan& plan, int number, JournalWriter& writer, const RunRequest& request);
  void start(asio::any_io_executor executor, const Plan& plan, int number, JournalWriter& writer, const RunRequest& request);
  Task<void> look_at_soaking();
  Task<Result<void>> recall(const RunRequest& request);
  Surroundings surroundings(const Plan& plan, const RunRequest& request);
  std::vector<Event> what_was_said(std::int64_t run);
  Task<Result<bool>> look_at_servers(const Decision& decision, std::int64_t run, JournalWriter& writer);
  std::optional<Event> next_of_waves(const Decision& decision);
  void look_after_wave(asio::any_io_executor executor);
  Task<void> wait(const Decision& decision);
  Task<Result<RunState>> loop(const Plan& plan, JournalWriter& writer, const RunRequest& request);
  RunIntent intent(const RunRequest& request) const;
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
int Runner::not_begun() const { return impl_->rollout ? impl_->rollout->not_begun() : 0; }
const std::vector<Wait>& Runner::waits() const { return impl_->waits; }
bool Runner::stopping() const { return impl_->stopping || impl_->paused || impl_->cancelled; }

void Runner::hear(const Event& event) {
  if (event.sequence <= impl_->recalled) return;  // known already
  impl_->words.push_back(event);
  impl_->wake();
}

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

Task<Result<TargetRecord>> Runner::Impl::work_on(const Plan& plan, const PlannedTarget& planned, JournalWriter& writer,
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
  co_return std::move(work.record);
}

Task<void> Runner::Impl::carry_out(const Plan& plan, int number, JournalWriter& writer, const RunRequest& request) {
  auto record = co_await work_on(plan, plan.targets.at(number - 1), writer, request);
  if (record) {
    rollout->over(number, *record);
  } else {
    rollout->lost(number);
    if (!fatal) fatal = record.error();
  }
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

RunIntent Runner::Impl::intent(const RunRequest& request) const {
  if (stopping || fatal || (paused && !cancelled)) return RunIntent::pause;
  // A rollback of a run that is cancelled is one all the same; what is begun of it is, when it is told to end meanwhile.
  if (request.direction == Direction::backward && !cancelled_meanwhile) return RunIntent::none;
  return cancelled ? RunIntent::cancel : RunIntent::none;
}

Surroundings Runner::Impl::surroundings(const Plan& plan, const RunRequest& request) {
  Surroundings around;
  around.now = services.clock.wall();
  around.intent = intent(request);
  if (request.direction == Direction::forward && ServerWatch::is_needed(rollout->options())) {
    around.held_servers = watch->held_servers(rollout->options());
    around.held = watch->held(rollout->options());
  }
  around.begun = rollout->new_ones_begun();
  if (request.direction == Direction::forward && request.only.empty()) {
    if (!windows || windows_as_set != rollout->options().windows) {
      windows_as_set = rollout->options().windows;
      windows = std::make_unique<RegionWindows>(plan.fleet, windows_as_set);
    }
    around.openings = windows->at(around.now);
  }
  return around;
}

// What others said since the last time, and what that leads to.
std::vector<Event> Runner::Impl::what_was_said(std::int64_t run) {
  std::vector<Event> events;
  const WallTime now = services.clock.wall();
  for (const Event& word : std::exchange(words, {}))
    for (Event& answer : rollout->hear(word, now)) events.push_back(std::move(answer));
  for (const Soak::Unhealthy& each : std::exchange(unhealthy, {})) {
    rollout->unhealthy(each.target);
    Event event;
    event.run = run;
    event.kind = EventKind::app_unhealthy;
    event.at = now;
    event.data = {{"target", each.target}, {"environment", each.environment}, {"detail", each.detail}};
    events.push_back(std::move(event));
  }
  return events;
}

// Whether anything was read, so that another decision is due. What can't be read is journaled once.
Task<Result<bool>> Runner::Impl::look_at_servers(const Decision& decision, std::int64_t run, JournalWriter& writer) {
  std::set<std::string> servers;
  for (const int number : decision.start)
    for (const auto* ids : {&rollout->candidate(number).source_servers, &rollout->candidate(number).target_servers})
      servers.insert(ids->begin(), ids->end());
  for (const Wait& wait : decision.waits)
    if (wait.why == Wait::Why::server) servers.insert(wait.what);
  const bool waits_for_room = std::any_of(decision.waits.begin(), decision.waits.end(), [](const Wait& wait) { return wait.why == Wait::Why::held; });
  if (servers.empty() && !waits_for_room) co_return false;
  const bool any = co_await watch->read(std::move(servers), rollout->options());
  std::vector<Event> notes;
  for (const std::string& remark : watch->take_remarks()) {
    Event note;
    note.run = run;
    note.kind = EventKind::note;
    note.at = services.clock.wall();
    note.data = {{"text", remark}};
    notes.push_back(std::move(note));
  }
  CO_TRY_VOID(co_await writer.append(std::move(notes)));
  co_return any;
}

std::optional<Event> Runner::Impl::next_of_waves(const Decision& decision) {
  const WallTime now = services.clock.wall();
  if (decision.ended_wave) {
    next_look.reset();
    return rollout->end_wave(*decision.ended_wave, now);
  }
  if (decision.open_wave) return rollout->open_wave(*decision.open_wave, now);
  return std::nullopt;
}

Task<void> Runner::Impl::look_at_soaking() {
  for (Soak::Unhealthy& each : co_await soak->look(rollout->to_be_watched())) unhealthy.push_back(std::move(each));
}

// While a wave soaks, and while it waits for a person: a look now and then.
void Runner::Impl::look_after_wave(asio::any_io_executor executor) {
  const bool soaks = std::any_of(waits.begin(), waits.end(), [](const Wait& wait) {
    return wait.why == Wait::Why::soak || wait.why == Wait::Why::approval;
  });
  if (!soaks) next_look.reset();
  const SteadyTime now = std::chrono::steady_clock::now();
  if (!soaks || looking || (next_look && now < *next_look)) return;
  next_look = now + std::chrono::duration_cast<SteadyTime::duration>(Soak::interval(Seconds(rollout->options().soak)));
  looking = true;
  asio::co_spawn(executor, look_at_soaking(), [this](std::exception_ptr failure) {
    looking = false;
    if (failure && !fatal) fatal = Error(ErrorKind::internal, "a bug ended the look at the applications of a wave");
    wake();
  });
}

// Until something happens, or what is waited for may be over.
Task<void> Runner::Impl::wait(const Decision& decision) {
  auto until = asio::steady_timer::time_point::max();
  const auto now = std::chrono::steady_clock::now();
  const auto at_most = [&](Seconds seconds) {
    until = std::min(until, now + std::chrono::duration_cast<SteadyTime::duration>(std::max(seconds, Seconds(0))));
  };
  if (decision.wait_until) at_most(Seconds(*decision.wait_until - services.clock.wall()));
  for (const Wait& wait : decision.waits)
    if (wait.why == Wait::Why::server || wait.why == Wait::Why::held) at_most(ServerWatch::kFresh);
  if (next_look && !looking) until = std::min(until, *next_look);
  wakeup->expires_at(until);
  boost::system::error_code ignored;
  if (!news) co_await wakeup->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

// What was journaled of the run before: in which wave it is, and what people said.
Task<Result<void>> Runner::Impl::recall(const RunRequest& request) {
  std::vector<Event> events;
  CO_TRY_VOID(co_await run_blocking(services.pool, [&] {
    return journal.own_events(request.run, 0, [&](const Event& event) {
      events.push_back(event);
      return true;
    });
  }));
  for (const Event& event : events) {
    rollout->recall(event);
    recalled = event.sequence;
  }
  co_return Result<void>();
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

Task<Result<RunState>> Runner::Impl::loop(const Plan& plan, JournalWriter& writer, const RunRequest& request) {
  auto executor = co_await asio::this_coro::executor;
  wakeup = std::make_unique<asio::steady_timer>(executor);
  const bool forward = request.direction == Direction::forward;
  Decision decision;
  for (;;) {
    news = false;
    if (stopping || paused || cancelled_meanwhile || (cancelled && forward)) rollout->leave_ended_ones();
    std::vector<Event> said = what_was_said(request.run);
    Surroundings around = surroundings(plan, request);
    decision = rollout->decide(around);
    // What was waited for last is shown until something else is.
    if (around.intent == RunIntent::none) waits = decision.waits;
    if (auto event = next_of_waves(decision)) said.push_back(*std::move(event));
    if (around.intent == RunIntent::none)
      if (auto event = rollout->changed_waits(decision, around.now)) said.push_back(*std::move(event));
    // Whatever is awaited may change what is to be decided.
    if (!said.empty()) {
      auto written = co_await writer.append(std::move(said));
      if (!written && !fatal) fatal = written.error();
      continue;
    }
    if (forward && around.intent == RunIntent::none && ServerWatch::is_needed(rollout->options())) {
      auto looked = co_await look_at_servers(decision, request.run, writer);
      if (!looked && !fatal) fatal = looked.error();
      if (!looked || *looked || news) continue;
    }
    for (const int number : decision.start) start(executor, plan, number, writer, request);
    if (rollout->in_flight() == 0 && decision.finished) break;
    look_after_wave(executor);
    co_await wait(decision);
  }
  while (looking) {
    wakeup->expires_at(asio::steady_timer::time_point::max());
    boost::system::error_code ignored;
    co_await wakeup->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  if (fatal) co_return *fatal;
  if (cancelled) {
    std::vector<Event> skipped = rollout->skip_what_is_pending(run_was_cancelled(std::nullopt), services.clock.wall());
    CO_TRY_VOID(co_await writer.append(std::move(skipped)));
  }
  co_return rollout->final_state(decision, cancelled.has_value());
}

Task<Result<RunState>> Runner::run(Plan plan, RunRequest request) {
  auto records = co_await run_blocking(impl_->services.pool,
                                       [&] { return impl_->journal.targets(request.run, false); });
  if (!records) co_return records.error();
  if (records->size() != plan.targets.size())
    co_return Error(ErrorKind::corrupt, "the journal holds other targets than the plan", "pgconvoy journal verify");
  if (request.cancel) impl_->cancelled = request.cancel;
  impl_->rollout = std::make_unique<Rollout>(plan, *records, request);
  impl_->soak = std::make_unique<Soak>(impl_->services, plan);
  impl_->watch = std::make_unique<ServerWatch>(impl_->services, plan);
  CO_TRY_VOID(co_await impl_->recall(request));

  JournalWriter writer(impl_->journal, impl_->services.pool, [this](const Event& event) { impl_->tell(event); });
  Event started;
  started.run = request.run;
  started.kind = EventKind::run_started;
  started.at = impl_->services.clock.wall();
  started.data = json{{"pid", getpid()}, {"direction", request.direction == Direction::forward ? "forward" : "backward"}};
  started.data["options"] = impl_->rollout->options();  // as they are by now
  if (!request.only.empty()) started.data["only"] = true;
  CO_TRY_VOID(co_await writer.append(started));

  auto state = co_await impl_->loop(plan, writer, request);
  if (!state) co_return state.error();
  CO_TRY_VOID(co_await writer.append(impl_->end_of_run(request.run, *state)));
  co_return *state;
}

}  // namespace pgconvoy
