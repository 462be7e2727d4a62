#include "engine/run/target_runner.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "engine/journal/left_out.hpp"
#include "engine/plan/in_place.hpp"
#include "engine/plan/verification.hpp"
#include "engine/run/live_database.hpp"
#include "engine/run/findings.hpp"
#include "engine/run/survey.hpp"

namespace pgconvoy {
namespace {

std::string host_name() {
  char name[256] = {};
  if (gethostname(name, sizeof name - 1) != 0) return "unknown";
  return name;
}

// Done, or left out by a person: the way forward goes past it.
bool is_passed(const StepRecord& step) {
  const auto without = left_out(step);
  return step.status == StepStatus::succeeded || (without && !without->undo);
}

}  // namespace

json to_json_value(const Error& error) {
  return json{{"kind", to_string(error.kind)}, {"message", error.message},     {"server", error.server},
              {"sqlstate", error.sqlstate},    {"statement", error.statement}, {"remedy", error.remedy},
              {"retryable", error.retryable},  {"outcome_unknown", error.outcome_unknown}};
}

Error error_from_json(const json& value) {
  Error error;
  if (!value.is_object()) return error;
  error.kind = error_kind_from_string(value.value("kind", "internal"));
  error.message = value.value("message", "");
  error.server = value.value("server", "");
  error.sqlstate = value.value("sqlstate", "");
  error.statement = value.value("statement", "");
  error.remedy = value.value("remedy", "");
  error.retryable = value.value("retryable", false);
  error.outcome_unknown = value.value("outcome_unknown", false);
  return error;
}

TargetRunner::TargetRunner(Setup setup, TargetWork& work)
    : interruptible_(setup.services, setup.lost),
      calls_end_with_pause_(interruptible_.services(), work.plan, work.planned, [this] { return left_for_a_call(); }),
      setup_{calls_end_with_pause_.services(), setup.journal,  setup.operations,   setup.conditions,
             setup.request,                    setup.progress, setup.undo_because, setup.undo_unless_pivoted,
             setup.claimed_from,               setup.lost,     setup.others,       setup.places},
      work_(work) {}

Event TargetRunner::event(EventKind kind, const std::string& step, json data, int attempt) const {
  Event made;
  made.run = work_.run;
  made.target = work_.planned.number;
  made.step = step;
  made.attempt = attempt;
  made.epoch = work_.record.epoch;
  made.kind = kind;
  made.at = setup_.services.clock.wall();
  made.data = std::move(data);
  return made;
}

Task<Result<void>> TargetRunner::append(std::vector<Event> events) {
  if (setup_.lost)
    if (auto lost = setup_.lost()) co_return *lost;
  CO_TRY(const std::vector<Event> all, co_await setup_.journal.append_and_return(std::move(events)));
  for (const Event& written : all) {
    std::string problem = pgconvoy::apply(work_.record, written);
    if (!problem.empty()) co_return Error(ErrorKind::internal, "the journal's fold refused an event: " + problem);
  }
  follow_pause();
  co_return Result<void>();
}

Task<Result<void>> TargetRunner::append(Event single) {
  std::vector<Event> events;
  events.push_back(std::move(single));
  co_return co_await append(std::move(events));
}

// The outcome and what it leaves to be done later, in one commit.
std::vector<Event> TargetRunner::success(const std::string& path, const json& outcome, double seconds, int attempt) const {
  std::vector<Event> events;
  json data;
  data["outcome"] = outcome;
  data["seconds"] = seconds;
  events.push_back(event(EventKind::step_succeeded, path, std::move(data), attempt));
  if (outcome.is_object() && outcome.contains("obligations"))
    for (const json& obligation : outcome["obligations"])
      events.push_back(event(EventKind::obligation_made, path, obligation, attempt));
  return events;
}

const StepPlan* TargetRunner::planned_step(const std::string& path) const {
  for (const StepPlan& step : work_.planned.steps)
    if (step.path == path) return &step;
  return nullptr;
}

Task<Result<void>> TargetRunner::run() {
  executor_ = co_await asio::this_coro::executor;
  follow_pause();
  auto done = co_await work();
  executor_ = {};  // there is nothing to interrupt any more
  co_await interruption_over();
  co_return done;
}

Task<Result<void>> TargetRunner::work() {
  const bool fresh = setup_.claimed_from.value_or(work_.record.state) == TargetState::pending;
  if (fresh && setup_.undo_unless_pivoted) {
    asked_back_ = setup_.undo_because;
    co_return co_await skip_as_asked();
  }
  if (!setup_.claimed_from) CO_TRY_VOID(co_await claim());
  auto refused = co_await take_over();
  if (asked_back_ && fresh) co_return co_await skip_as_asked();
  if (asked_back_) {
    co_await interruption_over();
    interruptible_.go_on();
    refused = co_await take_over();
  }
  if (refused) {
    if (fresh) {
      json data{{"reason", describe(*refused)}, {"error", to_json_value(*refused)}};
      co_return co_await append(event(EventKind::target_skipped, {}, std::move(data)));
    }
    handed_over_ = may_be_taken_up_later(*refused);
    co_return co_await leave_as_it_is(*refused);
  }
  if (setup_.request.direction == Direction::backward || work_.record.state == TargetState::rolling_back) {
    Error asked(ErrorKind::cancelled, "rollback was asked for");
    if (work_.record.reason.is_object() && work_.record.reason.contains("error"))
      asked = error_from_json(work_.record.reason["error"]);
    co_return co_await backward({}, asked);
  }
  if (setup_.undo_unless_pivoted && !work_.record.pivoted) asked_back_ = setup_.undo_because;
  if (asked_back_) co_return co_await turn_back({});
  const bool nothing_begun = std::none_of(work_.record.steps.begin(), work_.record.steps.end(), [](const auto& entry) {
    return entry.second.status != StepStatus::none && entry.second.status != StepStatus::undone;
  });
  if (nothing_begun || work_.facts.target.empty()) {
    if (!nothing_begun) {
      Error missing(ErrorKind::corrupt, "the journal holds steps of this target but not the facts they were begun with",
                    "pgconvoy journal verify");
      co_return co_await stuck({}, missing);
    }
    CO_TRY(const bool holds, co_await gather_and_check());
    if (!holds) co_return Result<void>();
  }
  co_return co_await forward();
}

Task<Result<void>> TargetRunner::claim() {
  Event claimed = event(EventKind::target_claimed, {}, json{{"host", host_name()}, {"pid", getpid()}});
  claimed.epoch = work_.record.epoch + 1;
  co_return co_await append(std::move(claimed));
}

Task<Result<bool>> TargetRunner::gather_and_check() {
  auto facts = co_await survey_target(setup_.services, work_.plan, work_.planned, setup_.conditions);
  if (asked_back_) {
    CO_TRY_VOID(co_await skip_as_asked());
    co_return false;
  }
  if (!facts) {
    json data{{"reason", describe(facts.error())}, {"error", to_json_value(facts.error())}};
    CO_TRY_VOID(co_await append(event(EventKind::target_skipped, {}, std::move(data))));
    co_return false;
  }
  work_.facts = *std::move(facts);
  auto findings = evaluate(work_.plan, setup_.conditions, work_.facts, setup_.services.clock.wall());
  json data{{"findings", findings}, {"facts", reduced(work_.facts)}};
  CO_TRY_VOID(co_await append(event(EventKind::facts_gathered, {}, std::move(data))));
  std::vector<Finding> blocking;
  for (const Finding& finding : findings)
    if (finding.severity == Severity::block) blocking.push_back(finding);
  if (blocking.empty()) co_return true;
  json skipped{{"reason", fmt::format("{}: {}: {}", blocking[0].condition, blocking[0].object, blocking[0].evidence)},
               {"findings", blocking}};
  CO_TRY_VOID(co_await append(event(EventKind::target_skipped, {}, std::move(skipped))));
  co_return false;
}

Task<Result<void>> TargetRunner::forward() {
  for (std::size_t next = 0; next < work_.planned.steps.size();) {
    const StepPlan& step = work_.planned.steps[next++];
    auto found = work_.record.steps.find(step.path);
    if (found != work_.record.steps.end() && is_passed(found->second)) continue;
    if (setup_.places && step.operation == "page_on" && !is_paused()) {
      CO_TRY(const auto refused, co_await wait_for_place(step.path));
      // What has pivoted goes forward, place or not.
      const bool holds = refused && !asked_back_ && !work_.record.pivoted;
      if (holds && refused->then == PausePlaces::Refusal::Then::undo) co_return co_await backward(step.path, refused->why);
      if (holds) co_return co_await leave_as_it_is(refused->why);
    }
    if (asked_back_) co_return co_await turn_back(step.path);
    if (auto over = over_max_pause()) co_return co_await backward(step.path, *over);
    if (auto lost = co_await still_ours()) co_return co_await leave_as_it_is(*lost);
    CO_TRY(auto failure, co_await do_step(step));
    if (!failure) continue;
    if (failure->let_go && !asked_back_) co_return co_await leave_as_it_is(failure->error);
    if (asked_back_) co_return co_await turn_back(failure->step.empty() ? step.path : failure->step);
    if (failure->start_over) {
      next = 0;
      continue;
    }
    if (failure->stuck && co_await is_for_others(failure->error)) co_return co_await leave_as_it_is(failure->error);
    if (failure->stuck) co_return co_await stuck(failure->step, failure->error);
    // Whoever writes there goes on, also where nothing of his is ours to start.
    if (is_late_difference(step.operation, failure->error)) co_return co_await stuck(failure->step, failure->error);
    if (work_.plan.options.on_failure == "leave") {
      Error left = failure->error;
      left.remedy = "left as it is because of --on-failure leave; pgconvoy rollback or pgconvoy retry leads out";
      co_return co_await stuck(failure->step, left);
    }
    if (work_.record.pivoted && !is_paused()) {
      // The app is live on the new database and its users write to it: housekeeping on the old side is no reason to stop it.
      Error later = failure->error;
      later.remedy = "the app is live and healthy on the new database; retry finishes what is left to do" +
                     (later.remedy.empty() ? std::string() : " (" + later.remedy + ")");
      co_return co_await stuck(failure->step, later);
    }
    co_return co_await backward(failure->step, failure->error);
  }
  co_return co_await append(event(EventKind::target_succeeded));
}

// Everything before the pause is done. Returns why it doesn't begin; nothing also when the wait was ended from outside.
Task<Result<std::optional<PausePlaces::Refusal>>> TargetRunner::wait_for_place(std::string step) {
  const int number = work_.planned.number;
  PausePlaces::Answer answer = setup_.places->ask(number);
  if (!answer.waits) co_return std::move(answer).refused;
  json text{{"text", "prepared, waits for its pause: " + answer.because}, {"waits", "pause"}};
  auto noted = co_await append(event(EventKind::note, step, std::move(text)));
  if (!noted) setup_.places->end_wait(number);
  answer = co_await setup_.places->answered(number);
  if (!noted) co_return noted.error();
  co_return std::move(answer).refused;
}

// A pause that begins without having been asked for, on a way back or after a crash, takes its place all the same. One that
// ends on the way back is given up by whoever counts the failure first.
void TargetRunner::follow_pause() {
  if (!setup_.places) return;
  const bool paused = is_paused();
  if (paused) setup_.places->keep(work_.planned.number);
  if (was_paused_ && !paused && work_.record.state == TargetState::running) setup_.places->leave(work_.planned.number);
  was_paused_ = paused;
}

bool TargetRunner::is_paused() const { return work_.record.paused_at && !work_.record.resumed_at; }

double TargetRunner::max_pause() const {
  for (const StepPlan& planned : work_.planned.steps)
    if (const double limit = planned.arguments.value("max_pause", 0.0); limit > 0) return limit;
  double limit = 0;
  for (const std::string& id : work_.planned.target.environments) {
    const Environment& environment = work_.plan.fleet.environments.at(id);
    if (!environment.downtime_budget) continue;
    const double budget = environment.downtime_budget->count();
    limit = limit == 0 ? budget : std::min(limit, budget);
  }
  return limit;
}

std::optional<Seconds> TargetRunner::pause_left() const {
  const double limit = max_pause();
  if (!is_paused() || work_.record.pivoted || limit <= 0) return std::nullopt;
  return Seconds(limit) - Seconds(setup_.services.clock.wall() - *work_.record.paused_at);
}

std::optional<Seconds> TargetRunner::left_for_a_call() const {
  if (undoing_ || work_.record.state != TargetState::running) return std::nullopt;
  return pause_left();
}

std::optional<Error> TargetRunner::over_max_pause() const {
  const auto left = pause_left();
  if (!left || left->count() >= 0) return std::nullopt;
  return Error(ErrorKind::timeout, fmt::format("paused for {}, more than max_pause of {}",
                                               format_duration(Seconds(max_pause()) - *left),
                                               format_duration(Seconds(max_pause()))));
}

Task<Result<void>> TargetRunner::backward(std::string failed_step, Error error) {
  if (work_.record.state != TargetState::rolling_back) {
    json data{{"step", failed_step}, {"error", to_json_value(error)}};
    CO_TRY_VOID(co_await append(event(EventKind::target_rolling_back, failed_step, std::move(data))));
  }
  co_await interruption_over();
  interruptible_.go_on();
  std::vector<StepRecord> begun;
  for (const StepRecord* step : work_.record.in_order())
    // A probe that found nothing of a step is no promise that nothing came later: every undo bears "never happened".
    if (step->attempt > 0 && step->status != StepStatus::undone) begun.push_back(*step);
  for (auto step = begun.rbegin(); step != begun.rend(); ++step) {
    CO_TRY(auto failure, co_await undo_step(*step));
    if (failure && failure->let_go) co_return co_await leave_as_it_is(failure->error);
    if (failure && co_await is_for_others(failure->error)) co_return co_await leave_as_it_is(failure->error);
    if (failure) co_return co_await stuck(failure->step, failure->error);
  }
  // What was left out on the way forward is for this attempt only: another one does it.
  std::vector<Event> last;
  for (const auto& [path, step] : work_.record.steps)
    if (const auto without = left_out(step); without && !without->undo) {
      json data{{"step", path}, {"as", "undone"}, {"reason", "the target is rolled back: another attempt does it again"}};
      last.push_back(event(EventKind::target_resolved, {}, std::move(data)));
    }
  last.push_back(event(EventKind::target_rolled_back));
  co_return co_await append(std::move(last));
}

// Begun, and now out of reach or in other hands: nothing is decided and nothing touched, `resume` goes on from here.
Task<Result<void>> TargetRunner::leave_as_it_is(Error error) {
  const char* const until = handed_over_ ? "for another worker, or for this one in a while: " : "for a later resume: ";
  json text{{"text", std::string("left as it is, ") + until + describe(error)}, {"error", to_json_value(error)}};
  co_return co_await append(event(EventKind::note, {}, std::move(text)));
}

Task<Result<void>> TargetRunner::stuck(std::string step, Error error) {
  const std::string name = fmt::format("r{} {}", work_.run, work_.planned.target.id);
  std::vector<std::string> ways_out;
  const StepPlan* const planned = planned_step(step);
  if (planned != nullptr && is_late_difference(planned->operation, error)) {
    ways_out.push_back(fmt::format("forward: put the rows right in the new database, then pgconvoy accept {0} --reason TEXT and pgconvoy retry {0}", name));
  } else {
    ways_out.push_back(fmt::format("forward: pgconvoy retry {}", name));
    ways_out.push_back(fmt::format("back:    pgconvoy rollback {}", name));
  }
  const bool was_enabled = step.find("enable_reprovisioned_services") != std::string::npos &&
                           work_.record.state == TargetState::rolling_back;
  if (work_.record.pivoted || was_enabled)
    ways_out.push_back(
        fmt::format("back, giving up what the new database received: pgconvoy rollback {} --accept-data-loss", name));
  json data;
  data["step"] = step;
  data["reason"] = describe(error);
  data["error"] = to_json_value(error);
  data["page_is_on"] = is_paused();
  data["live_database"] = is_in_place(work_.plan.requirements) ? "" : live_database(work_.record);
  data["ways_out"] = ways_out;
  co_return co_await append(event(EventKind::target_stuck, step, std::move(data)));
}

}  // namespace pgconvoy
