// The loop of a run that several processes carry out: claims in the journal take the place of a decision of this process's own.
#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>

#include <algorithm>

#include "engine/run/runner_impl.hpp"
#include "engine/run/shared_schedule.hpp"

namespace pgconvoy {

constexpr Seconds kTogether{0.01};

// A tenth of its life is left for what was begun just before.
std::optional<Error> Runner::Impl::lost_lease(const SharedRun& shared, std::int64_t run, int number) const {
  const auto until = shared.leases.until(run, number);
  if (until && std::chrono::steady_clock::now() + std::chrono::duration_cast<SteadyTime::duration>(shared.lease / 10) < *until) return std::nullopt;
  Error lost(ErrorKind::conflict, until ? "the lease on the target could not be renewed in time" : "the lease on the target is another process's");
  lost.remedy = "whoever claims it next goes on from what the journal holds";
  return lost;
}

// By this process's own clock: a journal that doesn't answer takes no part in it.
Task<void> Runner::Impl::watch_leases(const SharedRun& shared, std::int64_t run) {
  lease_timer = std::make_unique<asio::steady_timer>(co_await asio::this_coro::executor);
  while (watching_leases) {
    lease_timer->expires_after(std::chrono::duration_cast<SteadyTime::duration>(shared.lease / 20));
    boost::system::error_code ignored;
    co_await lease_timer->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    bool unanswered = false;
    for (const auto& [number, target] : at_work)
      if (auto lost = lost_lease(shared, run, number)) {
        target->give_up(*std::move(lost));
        if (given_up.insert(number).second && shared.leases.until(run, number)) unanswered = true;
      }
    // Whoever waits for its answer would wait longer than anything here is allowed to.
    if (unanswered) shared.journal.cut_connection();
  }
}

Task<void> Runner::Impl::carry_out_claimed(const Plan& plan, Claimed claimed, JournalWriter& writer, const RunRequest& request) {
  auto record = co_await work_on(plan, plan.targets.at(claimed.number - 1), writer, request, claimed);
  busy.erase(claimed.number);
  places_left.push_back(claimed.number);
  request.shared->leases.release(request.run, claimed.number);
  const bool has_ended = record && (record->state == TargetState::succeeded || record->state == TargetState::skipped ||
                                    record->state == TargetState::rolled_back || record->state == TargetState::stuck);
  if (has_ended) handed_over.erase(claimed.number);
  if (record && !has_ended) let_go.push_back(*std::move(record));
  // Of a target that is another's now nothing could be written; that is all that is wrong.
  if (!record && record.error().kind != ErrorKind::conflict && !fatal) fatal = record.error();
  wake();
}

void Runner::Impl::start_claimed(asio::any_io_executor executor, const Plan& plan, Claimed claimed, JournalWriter& writer,
                                 const RunRequest& request) {
  busy.insert(claimed.number);
  given_up.erase(claimed.number);
  handed_over.erase(claimed.number);
  request.shared->leases.hold(request.run, claimed);
  asio::co_spawn(executor, carry_out_claimed(plan, claimed, writer, request), [this, number = claimed.number](std::exception_ptr failure) {
    if (!failure) return;
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& bug) {
      if (!fatal) fatal = Error(ErrorKind::internal, fmt::format("a bug ended the work on a target: {}", bug.what()));
    }
    busy.erase(number);
    places_left.push_back(number);
    wake();
  });
}

// As loop(), with claims in the journal in the place of a decision of this process's own.
Task<Result<RunState>> Runner::Impl::shared_loop(const Plan& plan, JournalWriter& writer, const RunRequest& request) {
  auto executor = co_await asio::this_coro::executor;
  SharedRun& shared = *request.shared;
  SharedSchedule schedule(*rollout, shared, request.run, recalled);
  wakeup = std::make_unique<asio::steady_timer>(executor);
  watching_leases = true;
  lease_watch_is_over = false;
  asio::co_spawn(executor, watch_leases(shared, request.run), [this](std::exception_ptr) {
    lease_watch_is_over = true;
    wake();
  });
  // Before the first decision: this machine's clock may be wrong, and all workers must mean the same by "now".
  if (shared.clock != nullptr) {
    const auto ask = [&] { return shared.journal.now(); };
    const WallTime now = co_await run_blocking(services.pool, ask);
    shared.clock->steer(now);
  }
  std::vector<Event> said;
  const auto tell_what_was_let_go = [&] {
    for (const TargetRecord& record : std::exchange(let_go, {})) schedule.left(record, places->turned_away(record.number), handed_over.erase(record.number) > 0);
  };
  while (!fatal) {
    news = false;
    words.clear();  // the journal says it to everybody
    for (Event& event : what_was_said(plan, request.run)) said.push_back(std::move(event));
    tell_what_was_let_go();
    Surroundings around = surroundings(plan, request);
    around.intent = RunIntent::none;  // the run's own is in the journal
    std::optional<std::set<int>> looked_at;
    if (ServerWatch::is_needed(rollout->options()) && !stopping) {
      const Decision likely = rollout->decide(around);
      auto looked = co_await look_at_servers(likely, request.run, writer);
      if (!looked) {
        fatal = looked.error();
        break;
      }
      around = surroundings(plan, request);
      looked_at.emplace(likely.start.begin(), likely.start.end());
    }
    tell_what_was_let_go();  // while servers were looked at, too
    around.intent = stopping ? RunIntent::pause : RunIntent::none;
    const std::set<int> at_hand = busy;  // as it is now: the claim is made on another thread
    const auto claim = [&] {
      return shared.journal.claim(request.run, shared.worker, shared.lease, schedule.seen(), [&](const ClaimView& view) {
        ClaimChoice choice = schedule.choose(view, around, said, at_hand, run_was_cancelled(std::nullopt));
        // Where nobody has looked at the servers yet, the next time.
        if (looked_at) std::erase_if(choice.start, [&](int number) { return !looked_at->contains(number); });
        return choice;
      });
    };
    claiming = true;
    auto answer = co_await run_blocking(services.pool, claim);
    claiming = false;
    if (!answer && answer.error().kind == ErrorKind::unreachable && !busy.empty()) {
      Decision later;
      later.wait_until = services.clock.wall() + std::chrono::seconds(1);
      co_await wait(later, std::nullopt);
      continue;
    }
    if (!answer) {
      fatal = answer.error();
      break;
    }
    said.clear();
    if (shared.clock != nullptr) shared.clock->steer(answer->view.now);
    schedule.took(*answer);
    shared.may_start = shared.may_start && answer->claimed.empty();
    waits = schedule.decision().waits;
    // Only now is it known what became of those that have ended.
    shared_intent = answer->view.run.intent;
    places->limit(rollout->options().max_paused);
    places->look_again();
    for (const int number : std::exchange(places_left, {}))
      if (!busy.contains(number)) places->leave(number);
    for (const Event& event : answer->events) tell(event);
    for (const Claimed& claimed : answer->claimed) start_claimed(executor, plan, claimed, writer, request);
    if (busy.empty() && (schedule.over() || stopping || (!shared.waits && answer->claimed.empty()))) break;
    look_after_wave(executor);
    Decision until = schedule.decision();
    const auto soon = [&](Seconds seconds) {
      const WallTime then = services.clock.wall() + std::chrono::duration_cast<WallTime::duration>(seconds);
      until.wait_until = until.wait_until ? std::min(*until.wait_until, then) : then;
    };
    soon(schedule.leaves_places() ? SharedSchedule::kLeftToOthers : Seconds(5));
    // Many workers tell each other of much: what they say is looked at together.
    if (answer->claimed.empty()) co_await sleep_for(kTogether);
    if (const auto rest = schedule.next_take_up()) soon(*rest + Seconds(0.01));
    if (schedule.next_end()) soon(*schedule.next_end() + Seconds(0.05));
    co_await wait(until, next_look_at_places(plan, request));
  }
  while (looking || !busy.empty() || !lease_watch_is_over) {
    watching_leases = !busy.empty();
    places->look_again();
    if (!watching_leases && lease_timer) lease_timer->cancel();
    wakeup->expires_at(asio::steady_timer::time_point::max());
    boost::system::error_code ignored;
    co_await wakeup->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  if (fatal) co_return *fatal;
  co_return schedule.over().value_or(RunState::running);
}

}  // namespace pgconvoy
