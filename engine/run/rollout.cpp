#include "engine/run/rollout.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/journal/step_path.hpp"
#include "engine/plan/run_settings.hpp"
#include "engine/plan/verification.hpp"
#include "engine/run/target_runner.hpp"

namespace pgconvoy {
namespace {

bool has_come_to_an_end(TargetState state) {
  return state == TargetState::succeeded || state == TargetState::skipped || state == TargetState::rolled_back ||
         state == TargetState::stuck;
}

// May this target be worked on under this request?
bool wanted(const TargetRecord& target, const RunRequest& request) {
  if (!request.only.empty() && !request.only.count(target.number)) return false;
  if (request.direction == Direction::backward) {
    if (target.state == TargetState::pending || target.state == TargetState::skipped || target.state == TargetState::rolled_back)
      return false;
    return request.include_ended || !has_come_to_an_end(target.state);
  }
  if (!has_come_to_an_end(target.state)) return true;
  return request.include_ended && target.state != TargetState::succeeded;
}

Standing ended_standing(TargetState state, const json& reason) {
  if (state == TargetState::succeeded) return Standing::succeeded;
  return counts_as_failure(state, reason) || state == TargetState::stuck ? Standing::failed : Standing::skipped;
}

std::vector<int> waves_of(const Plan& plan, const RunRequest& request) {
  const bool all_at_once = request.direction == Direction::backward || plan.options.waves.empty();
  const int targets = static_cast<int>(plan.targets.size());
  return all_at_once ? std::vector<int>() : wave_ends(plan.options.waves, targets).value_or(std::vector<int>());
}

Limits limits_for(const RunOptions& options, const Fleet& fleet, bool backward) {
  Limits limits = limits_of(options, fleet);
  if (!backward) return limits;
  // Nobody waits for a way back.
  limits.notices = false;
  limits.max_failures.reset();
  limits.max_failures_per_region.reset();
  limits.max_failures_per_wave.reset();
  limits.bytes_in_flight.reset();
  return limits;
}

std::string who_and_why(const json& data) {
  const std::string by = data.value("by", ""), reason = data.value("reason", "");
  return (by.empty() ? "" : " by " + by) + (reason.empty() ? "" : ": " + reason);
}

// What befell one target's rows may befall the next one's: people look first, whatever the budgets of failures are.
std::string why_all_stop(const TargetRecord& record) {
  if (record.state != TargetState::stuck || !record.reason.is_object()) return "";
  if (!is_late_difference(operation_of(record.reason.value("step", "")), error_from_json(record.reason.value("error", json())))) return "";
  return fmt::format("the new database of {} was found different after its application was let in: pgconvoy report says what differs", record.id);
}

bool alike(const std::vector<Wait>& left, const std::vector<Wait>& right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(), [](const Wait& one, const Wait& other) {
    return one.why == other.why && one.what == other.what && one.until == other.until;
  });
}

}  // namespace

Rollout::Rollout(const Plan& plan, const std::vector<TargetRecord>& records, const RunRequest& request)
    : plan_(plan),
      run_(request.run),
      backward_(request.direction == Direction::backward),
      options_(plan.options),
      limits_(limits_for(plan.options, plan.fleet, backward_)),
      schedule_(candidates_of(plan), waves_of(plan, request)),
      targets_(records.size()) {
  for (const TargetRecord& record : records) place(record, request);
}

void Rollout::place(const TargetRecord& record, const RunRequest& request) {
  Tracked& target = at(record.number);
  target.state = record.state;
  target.ended = record.ended;
  const bool is_over = has_come_to_an_end(record.state);
  if (!wanted(record, request)) {
    // What failed under an earlier process has been seen by whoever goes on: it doesn't count in the budgets again.
    schedule_.stands(record.number, is_over && !backward_ ? ended_standing(record.state, record.reason) : Standing::absent, false);
  } else if (is_over) {
    set_before(target, record.state);
    target.state = TargetState::running;
    schedule_.stands(record.number, Standing::again);
  } else if (record.state == TargetState::pending) {
    schedule_.stands(record.number, request.only.empty() ? Standing::pending : Standing::again);
  } else {
    schedule_.stands(record.number, Standing::interrupted);
  }
}

void Rollout::set_before(Tracked& target, std::optional<TargetState> before) {
  taken_up_ += before.has_value() - target.before.has_value();
  target.before = before;
}

void Rollout::recall(const Event& event) {
  if (backward_) return;
  const json& data = event.data;
  switch (event.kind) {
    case EventKind::wave_opened:
      if (data.at("wave") <= schedule_.waves()) schedule_.open_wave(data.at("wave").get<int>());
      break;
    case EventKind::wave_ended:
      if (data.at("wave") == schedule_.current_wave()) schedule_.wave_ended(event.at);
      break;
    case EventKind::target_asked: {
      const int number = data.at("target").get<int>();
      if (number > schedule_.size()) break;
      // Carried out already when it ended later than that was said.
      const Tracked& target = at(number);
      if (data.at("what") == "retry" && target.ended && *target.ended < event.at) (void)hear(event, event.at);
      break;
    }
    default:
      (void)hear(event, event.at);
      break;
  }
}

std::vector<Event> Rollout::hear(const Event& event, WallTime now) {
  std::vector<Event> answers;
  if (backward_) return answers;
  const json& data = event.data;
  if (event.kind == EventKind::wave_approved) {
    approved_ = std::max(approved_, data.at("wave").get<int>());
    schedule_.approve_up_to(approved_);
  } else if (event.kind == EventKind::limits_set) {
    for (const auto& [name, value] : data.at("changes").items())
      if (value.is_string()) (void)change(options_, name, value.get<std::string>());
    const std::string stop = limits_.stop;
    limits_ = limits_of(options_, plan_.fleet);
    limits_.stop = stop;
  } else if (event.kind == EventKind::owner_notice) {
    if (const int number = data.at("target").get<int>(); data.at("when") == "before" && number <= schedule_.size())
      schedule_.told(number, parse_utc(data.at("at").get<std::string>()));
  } else if (event.kind == EventKind::target_asked) {
    const int number = data.at("target").get<int>();
    if (number < 1 || number > schedule_.size()) return answers;
    const Standing standing = schedule_.standing(number);
    const bool waits = standing == Standing::pending || standing == Standing::again;
    if (data.at("what") == "retry") {
      take_up_again(number);
    } else if (waits && at(number).state == TargetState::pending) {
      const Error why(ErrorKind::cancelled, "skipped" + who_and_why(data));
      answers.push_back(skip(number, why, why.message, now));
    } else if (waits && at(number).before) {
      at(number).state = *at(number).before;
      set_before(at(number), std::nullopt);
      schedule_.stands(number, Standing::skipped);
    }
  }
  return answers;
}

// By a person's word: it isn't held by wave, budget or test target then.
void Rollout::take_up_again(int number) {
  Tracked& target = at(number);
  const Standing standing = schedule_.standing(number);
  if (standing == Standing::in_flight || standing == Standing::succeeded || standing == Standing::interrupted) return;
  if (has_come_to_an_end(target.state)) {
    set_before(target, target.state);
    target.state = TargetState::running;
  } else if (target.left) {
    return;
  }
  schedule_.stands(number, Standing::again);
}

void Rollout::begun(int number) {
  if (schedule_.standing(number) != Standing::interrupted) {
    ++new_ones_begun_;
    at(number).counted = true;
  }
  set_before(at(number), std::nullopt);
  schedule_.stands(number, Standing::in_flight);
}

PauseOutlook Rollout::pause_outlook(const Surroundings& surroundings, int number) const {
  const PlannedTarget& planned = plan_.targets.at(number - 1);
  return pgconvoy::pause_outlook(schedule_, limits_, surroundings, number, Seconds(std::max(planned.paused_p90, planned.paused_seconds)));
}

void Rollout::over(int number, const TargetRecord& record, bool is_no_failure) {
  Tracked& target = at(number);
  target.state = record.state;
  target.ended = record.ended;
  target.left = !has_come_to_an_end(record.state);
  target.is_no_failure = is_no_failure;
  schedule_.stands(number, target.left ? Standing::left : ended_standing(record.state, record.reason),
                   target.left ? !is_no_failure : counts_as_failure(record));
  if (std::string why = why_all_stop(record); !why.empty()) limits_.stop = std::move(why);
}

void Rollout::lost(int number) {
  at(number).left = true;
  schedule_.stands(number, Standing::left, false);
}

void Rollout::follow(const TargetRecord& record, bool held, std::optional<WallTime> since) {
  // Begun and ended between two looks, or before this process came: it belongs to the batch all the same.
  if (has_come_to_an_end(record.state) && since && record.started && *record.started >= *since && !at(record.number).counted) {
    at(record.number).counted = true;
    ++new_ones_begun_;
  }
  if (has_come_to_an_end(record.state)) {
    const std::string stop = limits_.stop;
    over(record.number, record);
    const bool of_before = !since || (record.ended && *record.ended < *since);
    if (of_before) {
      schedule_.stands(record.number, ended_standing(record.state, record.reason), false);
      limits_.stop = stop;  // whoever goes on has seen it
    }
    return;
  }
  if (record.state == TargetState::pending) return;
  at(record.number).state = record.state;
  if (!held)
    abandoned(record.number);
  else if (schedule_.standing(record.number) != Standing::in_flight)
    begun(record.number);
}

// What this process let go of is for others.
void Rollout::abandoned(int number) { schedule_.stands(number, at(number).left ? Standing::left : Standing::interrupted, at(number).left && !at(number).is_no_failure); }

void Rollout::comes_back(int number) {
  at(number).left = at(number).is_no_failure = false;
  abandoned(number);
}

Decision Rollout::decide_in(const std::set<std::string>& regions, const Surroundings& surroundings) const {
  Schedule ours = schedule_;
  for (int number = 1; number <= ours.size(); ++number) {
    const Standing standing = ours.standing(number);
    const bool waits = standing == Standing::pending || standing == Standing::again || standing == Standing::interrupted;
    if (waits && !regions.contains(ours.candidate(number).region)) ours.stands(number, Standing::absent);
  }
  return pgconvoy::decide(ours, limits_, surroundings);
}

void Rollout::lost_all_in_flight() {
  for (int number = 1; number <= schedule_.size(); ++number)
    if (schedule_.standing(number) == Standing::in_flight) lost(number);
}

void Rollout::leave_ended_ones() {
  if (taken_up_ == 0) return;
  for (int number = 1; number <= schedule_.size(); ++number) {
    Tracked& target = at(number);
    if (!target.before) continue;
    target.state = *target.before;
    set_before(target, std::nullopt);
    schedule_.stands(number, Standing::absent);
    ++not_begun_;
  }
}

Event Rollout::event(EventKind kind, json data, WallTime now) const {
  Event made;
  made.run = run_;
  made.kind = kind;
  made.at = now;
  made.data = std::move(data);
  return made;
}

Event Rollout::skip(int number, const Error& why, const std::string& reason, WallTime now) {
  at(number).state = TargetState::skipped;
  schedule_.stands(number, Standing::skipped);
  Event made = event(EventKind::target_skipped, {{"reason", reason}, {"error", to_json_value(why)}}, now);
  made.target = number;
  return made;
}

std::vector<Event> Rollout::skip_what_is_pending(const Error& why, WallTime now) {
  std::vector<Event> skipped;
  for (int number = 1; number <= schedule_.size(); ++number)
    if (at(number).state == TargetState::pending && !at(number).left)
      skipped.push_back(skip(number, why, "cancelled: it was not started", now));
  return skipped;
}

Event Rollout::end_wave(int wave, WallTime now) {
  schedule_.wave_ended(now);
  const auto [first, last] = schedule_.range_of(wave);
  std::map<std::string, int> counts{{"succeeded", 0}, {"failed", 0}, {"skipped", 0}, {"left", 0}};
  for (int number = first; number <= last; ++number) {
    const Standing standing = schedule_.standing(number);
    ++counts[standing == Standing::succeeded ? "succeeded" : standing == Standing::failed ? "failed" : standing == Standing::skipped ? "skipped" : "left"];
  }
  json data = counts;
  data["wave"] = wave;
  data["needs_approval"] = options_.approve && approved_ <= wave;
  if (options_.soak > 0) data["soak_until"] = format_utc(now + std::chrono::duration_cast<WallTime::duration>(Seconds(options_.soak)));
  return event(EventKind::wave_ended, std::move(data), now);
}

Event Rollout::open_wave(int wave, WallTime now) {
  schedule_.open_wave(wave);
  const auto [first, last] = schedule_.range_of(wave);
  return event(EventKind::wave_opened, {{"wave", wave}, {"first", first}, {"last", last}}, now);
}

std::optional<Event> Rollout::changed_waits(const Decision& decision, WallTime now) {
  if (backward_ || alike(decision.waits, told_waits_)) return std::nullopt;
  told_waits_ = decision.waits;
  json waits = json::array();
  for (const Wait& wait : decision.waits) {
    json told{{"why", to_string(wait.why)}, {"what", wait.what}, {"text", wait.text}, {"targets", wait.targets}};
    if (wait.until) told["until"] = format_utc(*wait.until);
    waits.push_back(std::move(told));
  }
  return event(EventKind::run_waits, {{"waits", std::move(waits)}}, now);
}

std::vector<int> Rollout::to_be_watched() const {
  std::vector<int> numbers;
  if (!schedule_.current_wave_ended()) return numbers;
  const auto [first, last] = schedule_.range_of(schedule_.current_wave());
  for (int number = first; number <= last; ++number)
    if (schedule_.standing(number) == Standing::succeeded) numbers.push_back(number);
  return numbers;
}

RunState Rollout::final_state(const Decision& decision, bool cancelled) const {
  const bool open = std::any_of(targets_.begin(), targets_.end(), [](const Tracked& target) { return !has_come_to_an_end(target.state); });
  if (open || (decision.halted && !cancelled)) return RunState::halted;
  if (cancelled) return RunState::cancelled;
  const bool all_good = std::all_of(targets_.begin(), targets_.end(), [](const Tracked& target) { return target.state == TargetState::succeeded; });
  return all_good ? RunState::succeeded : RunState::finished_with_failures;
}

}  // namespace pgconvoy
