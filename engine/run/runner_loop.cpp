// What a run does when: decisions, waves, words of others, what is looked at before something starts.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>

#include <algorithm>

#include "engine/run/runner_impl.hpp"

namespace pgconvoy {

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

// A run that is told to end doesn't wait for pauses to come, nor does one that has failed too often: what is prepared is left
// for a resume, or taken back by a cancel. Windows and freezes hold for pauses as for starts.
std::optional<PausePlaces::Refusal> Runner::Impl::why_no_pause(const Plan& plan, const RunRequest& request, int number, bool waits) {
  using Then = PausePlaces::Refusal::Then;
  // It is looked at again as soon as the claim is over.
  if (claiming) return PausePlaces::Refusal{Then::wait, Error(ErrorKind::refused, "the journal is being asked how the run stands")};
  const RunIntent told = intent(request) == RunIntent::none ? shared_intent : intent(request);
  if (waits && told == RunIntent::cancel) return PausePlaces::Refusal{Then::undo, run_was_cancelled(cancelled)};
  const auto left = [](const std::string& why) {
    return PausePlaces::Refusal{Then::leave, Error(ErrorKind::cancelled, "prepared, and its pause was not begun: " + why, "pgconvoy resume goes on with it")};
  };
  if (waits && told == RunIntent::pause) return left("the run was told to stop");
  const PauseOutlook outlook = rollout->pause_outlook(surroundings(plan, request), number);
  if (!outlook.hold || (outlook.hold->why == Wait::Why::budget && !waits)) return std::nullopt;
  if (outlook.hold->why != Wait::Why::budget && rollout->options().wait_for_windows)
    return PausePlaces::Refusal{Then::wait, Error(ErrorKind::refused, outlook.hold->text)};
  return left(outlook.hold->text);
}

std::optional<WallTime> Runner::Impl::next_look_at_places(const Plan& plan, const RunRequest& request) {
  std::optional<WallTime> next;
  for (const int number : places->waiting())
    if (const auto look = rollout->pause_outlook(surroundings(plan, request), number).next; look && (!next || *look < *next)) next = look;
  return next;
}

// What others said since the last time, and what that leads to.
std::vector<Event> Runner::Impl::what_was_said(const Plan& plan, std::int64_t run) {
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
  for (const PauseBudgets::Spent& each : budgets->spent(now)) {
    Event event;
    event.run = run;
    event.kind = EventKind::pause_over_budget;
    event.at = now;
    event.data = {{"target", each.target},
                  {"environments", fmt::format("{}", fmt::join(plan.targets.at(each.target - 1).target.environments, ", "))},
                  {"budget", each.budget.count()},
                  {"paused_at", format_utc(each.paused_at)}};
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
  const auto waits_for = [this](Wait::Why why) {
    return std::any_of(waits.begin(), waits.end(), [why](const Wait& wait) { return wait.why == why; });
  };
  const bool soaks = waits_for(Wait::Why::soak);
  if (!soaks && !waits_for(Wait::Why::approval)) return next_look.reset();
  const SteadyTime now = std::chrono::steady_clock::now();
  if (looking || (next_look && now < *next_look)) return;
  next_look = now + std::chrono::duration_cast<SteadyTime::duration>(Soak::interval(Seconds(soaks ? rollout->options().soak : 0)));
  looking = true;
  asio::co_spawn(executor, look_at_soaking(), [this](std::exception_ptr failure) {
    looking = false;
    if (failure && !fatal) fatal = Error(ErrorKind::internal, "a bug ended the look at the applications of a wave");
    wake();
  });
}

// Until something happens, or what is waited for may be over.
Task<void> Runner::Impl::wait(const Decision& decision, std::optional<WallTime> look_at_places) {
  auto until = asio::steady_timer::time_point::max();
  const auto now = std::chrono::steady_clock::now();
  const auto at_most = [&](Seconds seconds) {
    until = std::min(until, now + std::chrono::duration_cast<SteadyTime::duration>(std::max(seconds, Seconds(0))));
  };
  if (decision.wait_until) at_most(Seconds(*decision.wait_until - services.clock.wall()));
  if (look_at_places) at_most(Seconds(*look_at_places - services.clock.wall()));
  for (const Wait& wait : decision.waits)
    if (wait.why == Wait::Why::server || wait.why == Wait::Why::held) at_most(ServerWatch::kFresh);
  if (const auto over = budgets->next()) at_most(Seconds(*over - services.clock.wall()));
  if (next_look && !looking) until = std::min(until, *next_look);
  wakeup->expires_at(until);
  boost::system::error_code ignored;
  if (!news) co_await wakeup->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

// What was journaled of the run before: in which wave it is, and what people said.
Task<Result<void>> Runner::Impl::recall(const RunRequest& request) {
  std::vector<Event> events;
  const auto read = [&] {
    return journal.own_events(request.run, 0, [&](const Event& event) {
      events.push_back(event);
      return true;
    });
  };
  CO_TRY_VOID(co_await run_blocking(services.pool, read));
  for (const Event& event : events) {
    rollout->recall(event);
    recalled = event.sequence;
  }
  co_return Result<void>();
}

Task<Result<RunState>> Runner::Impl::loop(const Plan& plan, JournalWriter& writer, const RunRequest& request) {
  auto executor = co_await asio::this_coro::executor;
  wakeup = std::make_unique<asio::steady_timer>(executor);
  const bool forward = request.direction == Direction::forward;
  Decision decision;
  for (;;) {
    news = false;
    if (stopping || paused || cancelled_meanwhile || (cancelled && forward)) rollout->leave_ended_ones();
    std::vector<Event> said = what_was_said(plan, request.run);
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
    places->limit(rollout->options().max_paused);
    places->look_again();
    look_after_wave(executor);
    co_await wait(decision, next_look_at_places(plan, request));
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

}  // namespace pgconvoy
