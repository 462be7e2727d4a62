#include "engine/report/progress_board.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/plan/pause.hpp"
#include "engine/plan/run_settings.hpp"
#include "engine/report/event_text.hpp"
#include "engine/report/run_summary.hpp"
#include "engine/report/text.hpp"
#include "engine/run/rehearsal.hpp"

namespace pgconvoy::report {
namespace {

bool ended(TargetState state) {
  return state == TargetState::succeeded || state == TargetState::skipped || state == TargetState::rolled_back ||
         state == TargetState::stuck;
}

// What the simulation asks of a target.
PlannedTarget outline_of(const PlannedTarget& planned) {
  PlannedTarget outline;
  outline.number = planned.number;
  outline.target = planned.target;
  outline.placements = planned.placements;
  outline.bytes = planned.bytes;
  outline.seconds = planned.seconds;
  outline.seconds_p90 = planned.seconds_p90;
  outline.paused_seconds = planned.paused_seconds;
  outline.spread = planned.spread;
  outline.shared_spread = planned.shared_spread;
  outline.beside = planned.beside;
  outline.after = planned.after;
  for (const Finding& finding : planned.findings)
    if (finding.severity == Severity::block && outline.findings.empty()) outline.findings.push_back(finding);
  return outline;
}

}  // namespace

ProgressBoard::ProgressBoard(const Plan& plan, const std::vector<TargetRecord>& records, WallTime now) : rehearsal_(is_rehearsal(plan.runbook.name)), begun_(now) {
  outline_.fleet.regions = plan.fleet.regions;
  outline_.fleet.freezes = plan.fleet.freezes;
  outline_.options = plan.options;
  outline_.contention = plan.contention;
  for (const PlannedTarget& planned : plan.targets) {
    Item item;
    item.id = shown(planned.target.id);
    item.region = shown(planned.target.region);
    item.controlled = is_controlled(plan.fleet, planned.target);
    item.weight = std::max(0.1, planned.seconds);
    item.until_pause = steps_until_pause(planned);
    items_.push_back(std::move(item));
    outline_.targets.push_back(outline_of(planned));
  }
  for (const TargetRecord& record : records) {
    if (record.number < 1 || record.number > static_cast<int>(items_.size())) continue;
    Item& item = items_[record.number - 1];
    item.state = record.state;
    item.before = ended(record.state);
    item.claimed = record.started.value_or(now);
    item.clean = record.epoch <= 1 && record.started && record.ended;
    if (item.clean) item.seconds = Seconds(*record.ended - *record.started).count();
    item.ended = record.ended;
    item.paused_at = record.paused_at;
    item.resumed_at = record.resumed_at;
  }
}

void ProgressBoard::adopt(const TargetRecord& record) {
  if (record.number < 1 || record.number > static_cast<int>(items_.size())) return;
  Item& item = items_[record.number - 1];
  item.in_flight = record.state == TargetState::running || record.state == TargetState::rolling_back;
  item.state = record.state;
  item.claimed = item.step_started = record.started.value_or(begun_);
  item.paused_at = record.paused_at;
  item.resumed_at = record.resumed_at;
  for (const StepRecord* step : record.in_order()) {
    if (step->status != StepStatus::started && step->status != StepStatus::undo_started) continue;
    item.step = step->path;
    item.undoing = step->status == StepStatus::undo_started;
    item.step_started = step->started.value_or(item.claimed);
  }
  item.waits_for_pause = outline_.options.max_paused && item.step.empty() && stands_before_pause(item.until_pause, record);
}

void ProgressBoard::journaled(const Event& event) {
  if (event.target == 0) return about_the_run(event);
  if (event.target < 1 || event.target > static_cast<int>(items_.size())) return;
  Item& item = items_[event.target - 1];
  const auto begin_step = [&](bool undoing) {
    item.step = event.step;
    item.undoing = undoing;
    item.step_started = event.at;
    item.bytes = item.total_bytes = 0;
    item.text.clear();
    item.waits_for_pause = false;
  };
  const auto end_target = [&](TargetState state) {
    item.state = state;
    if (item.in_flight) item.seconds = Seconds(event.at - item.claimed).count();
    item.in_flight = item.before = false;
    item.ended = event.at;
    item.step.clear();
  };
  const std::string operation = operation_of(event.step);
  switch (event.kind) {
    case EventKind::target_claimed:
      item.in_flight = true;
      item.before = false;
      item.clean = event.epoch <= 1;
      item.claimed = event.at;
      item.state = TargetState::running;
      begin_step(false);
      break;
    case EventKind::step_started:
      if (operation == "page_on" && (!item.paused_at || item.resumed_at)) {
        item.paused_at = event.at;
        item.resumed_at.reset();
      }
      begin_step(false);
      break;
    case EventKind::step_succeeded:
      if (operation == "page_off") item.resumed_at = event.at;
      break;
    case EventKind::target_rolling_back:
      item.state = TargetState::rolling_back;
      break;
    case EventKind::undo_started:
      if (operation == "page_off") {
        item.paused_at = event.at;
        item.resumed_at.reset();
      }
      begin_step(true);
      break;
    case EventKind::step_undone:
      if (operation == "page_on") item.resumed_at = event.at;
      break;
    case EventKind::target_succeeded:
      end_target(TargetState::succeeded);
      break;
    case EventKind::target_skipped:
      end_target(TargetState::skipped);
      break;
    case EventKind::target_rolled_back:
      end_target(TargetState::rolled_back);
      break;
    case EventKind::target_stuck:
      end_target(TargetState::stuck);
      break;
    case EventKind::note:
      // "left as it is": this process lets go of the target, a resume goes on.
      if (event.step.empty() && event.data.contains("error")) item.in_flight = false;
      if (event.data.value("waits", "") == "pause") {
        begin_step(false);
        item.waits_for_pause = true;
      }
      break;
    default:
      break;
  }
}

void ProgressBoard::about_the_run(const Event& event) {
  switch (event.kind) {
    case EventKind::limits_set: {
      const json changes = event.data.value("changes", json::object());
      for (const auto& [name, value] : changes.items())
        if (value.is_string()) (void)change(outline_.options, name, value.get<std::string>());
      break;
    }
    case EventKind::wave_approved:
      position_.approved = std::max(position_.approved, event.data.value("wave", 1));
      break;
    case EventKind::wave_opened:
    case EventKind::wave_ended:
      position_.wave = event.data.value("wave", 1);
      position_.wave_ended = event.kind == EventKind::wave_ended ? std::optional<WallTime>(event.at) : std::nullopt;
      wave_ = shown(event_line(event, Style{}, false));
      break;
    case EventKind::run_waits:
      waits_ = event.data.value("waits", json::array()).empty() ? "" : shown(event_line(event, Style{}, false));
      break;
    default:
      break;
  }
}

void ProgressBoard::progressed(int target, const std::string& step, std::int64_t bytes, std::int64_t total_bytes,
                               const std::string& text) {
  if (target < 1 || target > static_cast<int>(items_.size())) return;
  Item& item = items_[target - 1];
  if (item.step != step) return;
  item.bytes = bytes;
  item.total_bytes = total_bytes;
  item.text = shown(text);
}

int ProgressBoard::in_flight() const {
  return static_cast<int>(std::count_if(items_.begin(), items_.end(), [](const Item& item) { return item.in_flight; }));
}

void ProgressBoard::foretell(WallTime now) {
  constexpr int kStarts = 5000;
  rest_.clear();
  warnings_.clear();
  position_.targets.clear();
  for (const Item& item : items_) {
    RunPosition::Target target{item.state, item.in_flight, item.seconds, item.clean};
    if (item.in_flight) target.seconds = Seconds(now - item.claimed).count();
    position_.targets.push_back(target);
  }
  const auto rest = forecast_rest(outline_, position_, now, kStarts);
  if (!rest) return;
  for (const auto& [region, own] : rest->rest.regions)
    if (own.targets > 0) rest_[shown(region)] = own.seconds;
  warnings_ = window_warnings(outline_.fleet, rest->rest, now);
}

std::map<std::string, ProgressBoard::Lane> ProgressBoard::lanes() const {
  std::map<std::string, Lane> lanes;
  for (const Item& item : items_) {
    Lane& lane = lanes[item.region];
    ++lane.total;
    if (item.in_flight) {
      ++lane.running;
      lane.weight_left += item.weight / 2;
    } else if (ended(item.state)) {
      ++(item.state == TargetState::succeeded ? lane.done : lane.failed);
      if (!item.before) {
        ++lane.done_here;
        lane.weight_here += item.weight;
      }
    } else {
      ++lane.left;
      lane.weight_left += item.weight;
    }
  }
  return lanes;
}

std::optional<std::string> ProgressBoard::ended_line(const Event& event, const Style& style) const {
  if (event.target < 1 || event.target > static_cast<int>(items_.size())) return std::nullopt;
  const Item& item = items_[event.target - 1];
  const std::string took = format_duration(event.at - item.claimed);
  const std::string pause = item.controlled && item.paused_at && item.resumed_at
                                ? fmt::format(", paused for {}", format_duration(*item.resumed_at - *item.paused_at))
                                : "";
  const auto reason = [&] {
    const json error = event.data.value("error", json::object());
    std::string text = event.data.value("reason", "");
    if (text.empty() && error.is_object()) text = error.value("message", "");
    return shown(text);
  };
  switch (event.kind) {
    case EventKind::target_succeeded:
      return fmt::format("{}: {} in {}{}", item.id, style.good(rehearsal_ ? "rehearsed" : "succeeded"), took, pause);
    case EventKind::target_rolled_back:
      return fmt::format("{}: {} after {}{}", item.id, style.bad(rehearsal_ ? "would have failed, removed" : "rolled back"), took, pause);
    case EventKind::target_skipped:
      return fmt::format("{}: {}: {}", item.id, style.warn("skipped"), reason());
    case EventKind::target_stuck:
      return fmt::format("{}: {}: {}", item.id, style.bad("stuck"), reason());
    case EventKind::target_rolling_back:
      if (event.step.empty()) return fmt::format("{}: {}: {}", item.id, style.warn("rolling back"), reason());
      return fmt::format("{}: {} failed, {}: {}", item.id, shown(operation_of(event.step)), style.bad("rolling back"), reason());
    default:
      return std::nullopt;
  }
}

}  // namespace pgconvoy::report
