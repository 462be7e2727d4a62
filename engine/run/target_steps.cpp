// The tries of one step: attempt, probe, another attempt, undo. What a target does with their outcome stands in
// target_runner.cpp.
#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "engine/plan/verification.hpp"
#include "engine/run/target_runner.hpp"

namespace pgconvoy {
namespace {

constexpr int kAttempts = 3;         // of a step whose error says that trying again may help
constexpr int kUndoAttempts = 5;     // an undo is worth more patience: behind it stands somebody's app
constexpr int kTimeOuts = 2;         // what took its whole limit twice is not going to answer

// Half to one and a half times the doubled delay: many targets that met the same outage don't come back together.
Seconds jittered(Seconds first, int next_attempt) {
  static std::minstd_rand random{std::random_device{}()};
  return first * (1 << (next_attempt - 2)) * std::uniform_real_distribution<double>(0.5, 1.5)(random);
}

// A rule, or a world that is not as the intent says, stays so; what else went wrong may pass.
bool may_pass(const Error& error) {
  switch (error.kind) {
    case ErrorKind::unreachable:
    case ErrorKind::timeout:
    case ErrorKind::io:
    case ErrorKind::sql:
    case ErrorKind::process:
      return true;
    default:
      return error.retryable;
  }
}

// Is this call worth another try, the nth having failed? For undo, and for what is done once the app is live again:
// nobody waits behind a page that was taken off, and behind an undo stands somebody's app.
bool is_worth_another_try(const Error& error, int n) {
  return may_pass(error) && n < (error.kind == ErrorKind::timeout ? kTimeOuts : kUndoAttempts);
}

class WhileUndoing {
 public:
  explicit WhileUndoing(bool& flag) : flag_(flag) { flag_ = true; }
  ~WhileUndoing() { flag_ = false; }

 private:
  bool& flag_;
};

}  // namespace

Seconds TargetRunner::delay_before(int next_attempt) const { return jittered(setup_.request.first_delay, next_attempt); }

Task<TargetRunner::Attempt> TargetRunner::do_step(const StepPlan& step) {
  Operation* operation = setup_.operations.find(step.operation);
  if (!operation) {
    Failure failure{step.path, Error(ErrorKind::internal, "this program has no operation " + step.operation), true};
    co_return std::optional<Failure>(std::move(failure));
  }
  bool done = false;
  CO_TRY(auto unsettled, co_await settle_unfinished(step, *operation, done));
  if (unsettled) co_return unsettled;
  if (done) co_return std::optional<Failure>();
  CO_TRY(auto renewed, co_await renew_foundations(step, *operation));
  if (renewed && renewed->start_over) co_return start_over_or(*renewed, *renewed);
  if (renewed) co_return renewed;

  const auto known = work_.record.steps.find(step.path);
  const int before = known == work_.record.steps.end() ? 0 : known->second.attempt;
  const bool housekeeping = work_.record.pivoted && !is_paused();
  for (int n = 1;; ++n) {
    CO_TRY(auto failure, co_await attempt_step(step, *operation, before + n));
    if (!failure || failure->stuck || failure->let_go) co_return failure;
    const bool again = housekeeping ? is_worth_another_try(failure->error, n) : failure->error.retryable && n < kAttempts;
    if (!again) co_return failure;
    co_await sleep_for(delay_before(n + 1));
    if (over_max_pause()) co_return failure;
    if (auto lost = co_await still_ours()) co_return let_go(*lost);
    // What the failed attempt left behind is looked at before the next one.
    CO_TRY(auto left, co_await settle_unfinished(step, *operation, done));
    if (done) co_return std::optional<Failure>();
    if (left) co_return left;
    CO_TRY(auto renewed, co_await renew_foundations(step, *operation));
    if (renewed && renewed->start_over) co_return start_over_or(*renewed, *failure);
    if (renewed) co_return renewed;
  }
}

// Forward again from the first step that isn't done, as often as a step may be tried.
TargetRunner::Attempt TargetRunner::start_over_or(Failure failure, const Failure& otherwise) {
  if (++started_over_[failure.step] < kAttempts) return std::optional<Failure>(std::move(failure));
  Failure last = otherwise;
  last.start_over = false;
  return std::optional<Failure>(std::move(last));
}

// A step that was started and has no outcome: the operation's probe decides.
Task<TargetRunner::Attempt> TargetRunner::settle_unfinished(const StepPlan& step, Operation& operation, bool& done) {
  auto found = work_.record.steps.find(step.path);
  if (found == work_.record.steps.end()) co_return std::optional<Failure>();
  const StepRecord record = found->second;
  const bool unfinished = record.status == StepStatus::started || record.status == StepStatus::unknown ||
                          record.status == StepStatus::failed || record.status == StepStatus::undo_started ||
                          record.status == StepStatus::undo_failed;
  if (!unfinished) co_return std::optional<Failure>();
  StepContext context(setup_.services, work_, step, record.attempt, [this, path = step.path](Progress progress) {
    setup_.progress(work_.planned.number, path, progress);
  });
  auto probed = co_await operation.probe(context, record.intent);
  if (!probed && co_await is_cut_off(probed.error())) co_return let_go(probed.error());
  for (int n = 1; !probed && is_worth_another_try(probed.error(), n); ++n) {
    co_await sleep_for(delay_before(n + 1));
    probed = co_await operation.probe(context, record.intent);
  }
  // The target is taken back now in any case, and every undo bears whatever has happened of the step.
  if (!probed && over_max_pause()) {
    Failure late{step.path, *over_max_pause(), false};
    co_return std::optional<Failure>(std::move(late));
  }
  Probe probe;
  if (probed)
    probe = *probed;
  else
    probe.detail = describe(probed.error());
  json data{{"verdict", to_string(probe.verdict)}, {"detail", probe.detail}};
  CO_TRY_VOID(co_await append(event(EventKind::step_probed, step.path, data, record.attempt)));
  switch (probe.verdict) {
    case Probe::Verdict::done: {
      CO_TRY_VOID(co_await append(success(step.path, probe.outcome, 0, record.attempt)));
      done = true;
      co_return std::optional<Failure>();
    }
    case Probe::Verdict::absent:
      co_return std::optional<Failure>();
    case Probe::Verdict::partial: {
      co_return co_await undo_step(record);
    }
    case Probe::Verdict::unknown:
      break;
  }
  // What was found once stays found: it is for a person to say what becomes of it.
  Error undecided = error_from_json(record.error);
  if (!is_late_difference(step.operation, undecided)) undecided = Error(ErrorKind::conflict, "it can't be decided whether the step took effect: " + probe.detail);
  Failure failure{step.path, std::move(undecided), true};
  co_return std::optional<Failure>(std::move(failure));
}

// A step that was tried before needs what it rests on made anew since then.
Task<TargetRunner::Attempt> TargetRunner::renew_foundations(const StepPlan& step, Operation& operation) {
  const auto tried = work_.record.steps.find(step.path);
  if (tried == work_.record.steps.end()) co_return std::optional<Failure>();
  const std::int64_t before = tried->second.first_started;
  bool start_over = false;
  for (const std::string& name : operation.rests_on())
    for (const StepPlan& planned : work_.planned.steps) {
      if (planned.operation != name || planned.subject != step.subject) continue;
      const auto below = work_.record.steps.find(planned.path);
      if (below == work_.record.steps.end() || below->second.status != StepStatus::succeeded ||
          below->second.first_started > before)
        continue;
      const StepRecord copy = below->second;
      CO_TRY(auto left, co_await undo_step(copy));
      if (left) co_return left;
      start_over = true;
    }
  if (!start_over) co_return std::optional<Failure>();
  Failure failure{step.path, Error(ErrorKind::conflict, "an interrupted attempt was taken back"), false, true};
  co_return std::optional<Failure>(std::move(failure));
}

Task<TargetRunner::Attempt> TargetRunner::attempt_step(const StepPlan& step, Operation& operation, int attempt) {
  StepContext context(setup_.services, work_, step, attempt, [this, path = step.path](Progress progress) {
    setup_.progress(work_.planned.number, path, progress);
  });
  auto intent = co_await operation.prepare(context);
  if (!intent) {
    Failure failure{step.path, intent.error(), false};
    json text{{"text", "could not be prepared: " + describe(intent.error())}};
    CO_TRY_VOID(co_await append(event(EventKind::note, step.path, std::move(text), attempt)));
    if (co_await is_cut_off(failure.error)) co_return let_go(failure.error);
    co_return std::optional<Failure>(std::move(failure));
  }
  if (asked_back_) {
    Failure asked{step.path, *asked_back_, false};
    co_return std::optional<Failure>(std::move(asked));
  }
  std::vector<Event> begin;
  begin.push_back(event(EventKind::step_started, step.path, json{{"intent", *intent}}, attempt));
  if (operation.pivots() && !work_.record.pivoted) begin.push_back(event(EventKind::pivot, step.path, {}, attempt));
  CO_TRY_VOID(co_await append(std::move(begin)));
  if (asked_back_ && work_.record.pivoted) co_await pivoted_after_all();

  const SteadyTime started = setup_.services.clock.steady();
  context.time_left = pause_left();
  json journaled = *std::move(intent);
  auto outcome = co_await operation.apply(context, std::move(journaled));
  const double seconds = Seconds(setup_.services.clock.steady() - started).count();
  if (outcome) {
    CO_TRY_VOID(co_await append(success(step.path, *outcome, seconds, attempt)));
    co_return std::optional<Failure>();
  }
  Error error = outcome.error();
  json data{{"error", to_json_value(error)}, {"seconds", seconds}};
  CO_TRY_VOID(co_await append(event(EventKind::step_failed, step.path, std::move(data), attempt)));
  if (co_await is_cut_off(error)) co_return let_go(error);
  // With the pause over nobody needs to know: it is taken back.
  if (error.outcome_unknown && !over_max_pause()) {
    bool done = false;
    CO_TRY(auto unsettled, co_await settle_unfinished(step, operation, done));
    if (done) co_return std::optional<Failure>();
    if (unsettled) co_return unsettled;
    error.retryable = true;  // the probe says that nothing of it is left
  }
  Failure failure{step.path, std::move(error), false};
  co_return std::optional<Failure>(std::move(failure));
}

// Of the failure: stuck, or that the target isn't ours any more.
Task<TargetRunner::Attempt> TargetRunner::undo_step(const StepRecord& step) {
  const StepPlan* planned = planned_step(step.path);
  Operation* operation = planned ? setup_.operations.find(planned->operation) : nullptr;
  CO_TRY_VOID(co_await append(event(EventKind::undo_started, step.path, {}, step.attempt)));
  const WhileUndoing whole_time(undoing_);
  Error error(ErrorKind::internal, "this program has no operation for step " + step.path);
  for (int n = 1; operation; ++n) {
    if (auto lost = co_await still_ours()) co_return let_go(*lost);
    StepContext context(setup_.services, work_, *planned, step.attempt, [this, path = step.path](Progress progress) {
      setup_.progress(work_.planned.number, path, progress);
    });
    auto detail = co_await operation->undo(context, step.intent, step.outcome);
    if (detail) {
      CO_TRY_VOID(co_await append(undone(step, *detail)));
      co_return std::optional<Failure>();
    }
    error = detail.error();
    if (co_await is_cut_off(error)) co_return let_go(error);
    if (!is_worth_another_try(error, n)) break;
    co_await sleep_for(delay_before(n + 1));
  }
  json data{{"error", to_json_value(error)}};
  CO_TRY_VOID(co_await append(event(EventKind::undo_failed, step.path, std::move(data), step.attempt)));
  Failure failure{step.path, std::move(error), true};
  co_return std::optional<Failure>(std::move(failure));
}

// Taken back, and with it what it left to be done later.
std::vector<Event> TargetRunner::undone(const StepRecord& step, const std::string& detail) const {
  std::vector<Event> events;
  events.push_back(event(EventKind::step_undone, step.path, json{{"detail", detail}}, step.attempt));
  if (!step.outcome.is_object() || !step.outcome.contains("obligations")) return events;
  for (const json& obligation : step.outcome["obligations"]) {
    json data{{"id", obligation.at("id")}, {"reason", "the step that made it was undone"}};
    events.push_back(event(EventKind::obligation_cancelled, step.path, std::move(data), step.attempt));
  }
  return events;
}

// The target is in other hands, or out of reach: not a failure of the step, which a later resume settles.
TargetRunner::Attempt TargetRunner::let_go(Error lost) const {
  Failure failure;
  failure.error = std::move(lost);
  failure.let_go = true;
  return std::optional<Failure>(std::move(failure));
}

}  // namespace pgconvoy
