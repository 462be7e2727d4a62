#include "engine/run/shared_schedule.hpp"

#include <algorithm>

#include "engine/core/host.hpp"

namespace pgconvoy {
namespace {

// What makes two of them say the same: not how many targets, nor in which words.
json essence_of_waits(const Event& event) {
  json waits = event.data.value("waits", json::array());
  for (json& wait : waits) wait.erase("text"), wait.erase("targets");
  return waits;
}

}  // namespace

Event SharedSchedule::end(RunState state, const std::string& reason, WallTime now) const {
  Event event;
  event.run = run_;
  event.kind = EventKind::run_ended;
  event.at = now;
  event.data = {{"state", to_string(state)}, {"reason", reason}, {"worker", shared_.worker.id}};
  return event;
}

void SharedSchedule::hear(const Event& event, WallTime now) {
  switch (event.kind) {
    case EventKind::wave_opened:
    case EventKind::wave_ended:
      rollout_.recall(event);
      break;
    case EventKind::run_waits:
      told_waits_ = essence_of_waits(event);
      break;
    case EventKind::app_unhealthy:
      rollout_.unhealthy(event.data.value("target", 0));
      break;
    case EventKind::target_asked:
      // Another worker may have heard it before, and be through with it.
      if (event.data.value("what", "") == "retry") {
        rollout_.recall(event);
        break;
      }
      [[fallthrough]];
    default:
      for (Event& answer : rollout_.hear(event, now)) to_write_.push_back(std::move(answer));
      break;
  }
}

void SharedSchedule::follow(const ClaimView& view, WallTime now) {
  for (const Event& event : view.own_events) {
    if (event.kind == EventKind::run_ended) began_.reset();
    if (event.kind == EventKind::run_started && !began_) began_ = event.at;
  }
  for (const TargetRecord& record : view.changed) {
    const bool held = view.leased.contains(record.number);
    rollout_.follow(record, held, began_);
    const bool is_under_way = record.state == TargetState::running || record.state == TargetState::rolling_back;
    known_[record.number] = {record.epoch, is_under_way};
    if (!is_under_way) let_go_of_.erase(record.number);
    if (held && is_under_way)
      in_flight_.insert(record.number);
    else
      in_flight_.erase(record.number);
  }
  for (auto number = in_flight_.begin(); number != in_flight_.end();) {
    if (view.leased.contains(*number)) {
      ++number;
    } else {
      rollout_.abandoned(*number);
      number = in_flight_.erase(number);
    }
  }
  for (const Event& event : view.own_events) {
    if (event.sequence <= own_events_seen_) continue;
    own_events_seen_ = event.sequence;
    hear(event, now);
  }
}

void SharedSchedule::left(const TargetRecord& record, bool is_no_failure, bool handed_over) {
  // Others may have been quicker than this process's own next look: then what it knows of the target is out of date.
  const auto known = known_.find(record.number);
  if (known != known_.end() && (known->second.epoch > record.epoch || (known->second.epoch == record.epoch && !known->second.is_under_way))) return;
  rollout_.over(record.number, record, is_no_failure);
  let_go_of_[record.number] = {std::chrono::steady_clock::now(), handed_over};
}

void SharedSchedule::take_up_what_nobody_took(const ClaimView& view) {
  for (auto entry = let_go_of_.begin(); entry != let_go_of_.end();) {
    const auto& [number, let_go_of] = *entry;
    if (!let_go_of.handed_over || is_left_alone(number) || view.leased.contains(number)) {
      ++entry;
      continue;
    }
    rollout_.comes_back(number);
    entry = let_go_of_.erase(entry);
  }
}

// Also without others: servers that can't be reached aren't asked all the time.
bool SharedSchedule::is_left_alone(int number) const {
  const auto found = let_go_of_.find(number);
  return found != let_go_of_.end() && (others_ > 0 || found->second.handed_over) && std::chrono::steady_clock::now() - found->second.since < shared_.left_alone;
}

std::optional<Seconds> SharedSchedule::next_take_up() const {
  std::optional<Seconds> next;
  for (const auto& [number, let_go_of] : let_go_of_) {
    const Seconds left = shared_.left_alone - Seconds(std::chrono::steady_clock::now() - let_go_of.since);
    if (let_go_of.handed_over && left > Seconds(0)) next = next ? std::min(*next, left) : left;
  }
  return next;
}

// Whoever looks first would take all there is, and the others would have nothing to do. What was interrupted can't wait.
void SharedSchedule::leave_to_others(std::vector<int>& start, int others, std::size_t busy) {
  const auto end_of_urgent = std::find_if_not(start.begin(), start.end(), [this](int number) { return rollout_.was_interrupted(number); });
  const auto share = static_cast<std::size_t>((rollout_.options().concurrency + others) / (others + 1));
  const std::size_t most = std::max(static_cast<std::size_t>(end_of_urgent - start.begin()), share > busy ? share - busy : 0);
  const SteadyTime now = std::chrono::steady_clock::now();
  const bool had_their_time = left_since_ && now - *left_since_ >= kLeftToOthers;
  if (others == 0 || start.size() <= most || had_their_time) return left_since_.reset();
  if (!left_since_) left_since_ = now;
  start.resize(most);
}

ClaimChoice SharedSchedule::choose(const ClaimView& view, Surroundings surroundings, const std::vector<Event>& said,
                                   const std::set<int>& busy, const Error& cancelled) {
  const bool told_to_stop = surroundings.intent == RunIntent::pause;
  follow(view, surroundings.now);
  others_ = view.others;
  take_up_what_nobody_took(view);
  surroundings.begun = rollout_.new_ones_begun();
  next_end_ = view.next_end;
  over_.reset();
  ClaimChoice choice;
  if (view.run.state != RunState::running && !shared_.may_start) {
    over_ = view.run.state;
    return choice;
  }
  if (!told_to_stop) surroundings.intent = view.run.intent;
  for (bool changed = true; changed;) {
    decision_ = rollout_.decide(surroundings);
    changed = decision_.ended_wave || decision_.open_wave;
    if (decision_.ended_wave) to_write_.push_back(rollout_.end_wave(*decision_.ended_wave, surroundings.now));
    else if (decision_.open_wave) to_write_.push_back(rollout_.open_wave(*decision_.open_wave, surroundings.now));
  }
  if (surroundings.intent == RunIntent::none)
    if (auto waits = rollout_.changed_waits(decision_, surroundings.now); waits && essence_of_waits(*waits) != told_waits_) {
      told_waits_ = essence_of_waits(*waits);
      to_write_.push_back(*std::move(waits));
    }
  // What was let go of is nobody's for a moment: the run doesn't end before the others have had their time to take it up, or this process
  // takes it up again.
  const bool some_rest = surroundings.intent == RunIntent::none && std::any_of(let_go_of_.begin(), let_go_of_.end(), [this](const auto& entry) {
    return is_left_alone(entry.first);
  });
  const bool nobody_is_at_work = decision_.finished && view.leased.empty() && busy.empty() && !some_rest;
  const bool ends = !told_to_stop || (shared_.halts && view.others == 0);
  const bool is_cancelled = view.run.intent == RunIntent::cancel;
  if (nobody_is_at_work && ends) {
    if (is_cancelled)
      for (Event& skipped : rollout_.skip_what_is_pending(cancelled, surroundings.now)) to_write_.push_back(std::move(skipped));
    const RunState state = rollout_.final_state(decision_, is_cancelled);
    std::string why = is_cancelled ? "cancelled by the operator" : view.run.intent == RunIntent::pause ? "paused by the operator"
                      : told_to_stop ? "stopped by the operator" : "";
    if (why.empty() && state == RunState::halted && !decision_.waits.empty()) why = decision_.waits.front().text;
    // A run that nobody has begun ends only as cancelled.
    if (view.run.state == RunState::running || is_cancelled) to_write_.push_back(end(state, why, surroundings.now));
    over_ = state;
  } else {
    const std::vector<int> start = shared_.regions.empty() ? decision_.start : rollout_.decide_in(shared_.regions, surroundings).start;
    std::copy_if(start.begin(), start.end(), std::back_inserter(choice.start), [&](int number) { return !busy.contains(number); });
    std::erase_if(choice.start, [this](int number) { return is_left_alone(number); });
    leave_to_others(choice.start, view.others, busy.size());
  }
  choice.joins = {{"direction", "forward"}, {"by", this_operator()}, {"version", PGCONVOY_VERSION}, {"options", rollout_.options()}};
  choice.events = said;
  choice.events.insert(choice.events.end(), to_write_.begin(), to_write_.end());
  return choice;
}

void SharedSchedule::took(const ClaimAnswer& answer) {
  seen_ = answer.view.seen;
  to_write_.clear();
  for (const Claimed& claimed : answer.claimed) {
    rollout_.begun(claimed.number);
    in_flight_.insert(claimed.number);
  }
  // Other processes' events may stand between: those are still to be heard.
}

}  // namespace pgconvoy
