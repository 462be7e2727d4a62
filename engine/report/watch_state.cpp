#include <fmt/format.h>

#include <cstdlib>

#include "engine/journal/step_path.hpp"
#include "engine/report/event_text.hpp"
#include "engine/report/text.hpp"
#include "engine/report/watch_screen.hpp"

namespace pgconvoy::report {
namespace {

std::string message_in(const json& data) {
  if (!data.is_object()) return {};
  std::string text = data.contains("reason") && data["reason"].is_string() ? data["reason"].get<std::string>() : "";
  if (text.empty() && data.contains("error") && data["error"].is_object()) text = data["error"].value("message", "");
  return shown(text);
}

bool was_asked_for(const json& data) {
  return data.is_object() && data.contains("error") && data["error"].is_object() && data["error"].value("kind", "") == "cancelled";
}

// Each step would be too much to read: what begins and ends, what fails, and what people say.
bool is_worth_a_line(EventKind kind) {
  switch (kind) {
    case EventKind::step_started:
    case EventKind::step_succeeded:
    case EventKind::undo_started:
    case EventKind::step_undone:
    case EventKind::facts_gathered:
    case EventKind::obligation_made:
    case EventKind::obligation_cancelled:
    case EventKind::run_planned:
    case EventKind::target_planned:
      return false;
    default:
      return true;
  }
}

}  // namespace

void WatchState::fail(int target, const std::string& step, const json& data) {
  if (was_asked_for(data)) return;
  const std::string operation = shown(operation_of(step));
  failures[target] = {target, operation.empty() ? message_in(data) : operation + ": " + message_in(data)};
}

void WatchState::add_line(const Event& event, const std::string& text) {
  happened.push_front(clock_time(event.at) + "  " + text);
  if (happened.size() > kHappened) happened.pop_back();
}

void WatchState::adopt(const TargetRecord& record) {
  board.adopt(record);
  const bool failed = record.state == TargetState::rolled_back || record.state == TargetState::stuck || record.state == TargetState::skipped;
  if (failed) fail(record.number, record.reason.is_object() ? record.reason.value("step", "") : "", record.reason);
}

void WatchState::remember(const Event& event) {
  if (!is_worth_a_line(event.kind)) return;
  const auto& items = board.items();
  const bool known = event.target >= 1 && event.target <= static_cast<int>(items.size());
  add_line(event, (known ? items[event.target - 1].id + ": " : "") + event_line(event, Style{}, false));
}

void WatchState::journaled(const Event& event) {
  board.journaled(event);
  if (event.target == 0) (void)apply(run, event);
  switch (event.kind) {
    case EventKind::run_started:
      alive = true;
      break;
    case EventKind::run_ended:
      alive = false;
      break;
    case EventKind::wave_ended:
      waits_for_approval = event.data.value("needs_approval", false);
      next_wave = event.data.value("wave", 0) + 1;
      break;
    case EventKind::wave_opened:
    case EventKind::wave_approved:
      waits_for_approval = false;
      break;
    case EventKind::limits_set:
      if (event.data.contains("changes") && event.data["changes"].contains("concurrency"))
        concurrency = std::atoi(event.data["changes"]["concurrency"].get<std::string>().c_str());
      break;
    case EventKind::target_rolling_back:
    case EventKind::target_stuck:
      fail(event.target, event.step, event.data);
      break;
    case EventKind::target_skipped:
      fail(event.target, "", event.data);
      break;
    case EventKind::target_claimed:
    case EventKind::target_succeeded:
      failures.erase(event.target);
      break;
    default:
      break;
  }
  if (const auto ended = board.ended_line(event, Style{}))
    add_line(event, *ended);
  else
    remember(event);
}

}  // namespace pgconvoy::report
