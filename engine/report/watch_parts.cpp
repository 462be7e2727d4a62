#include "engine/report/watch_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/core/bytes.hpp"
#include "engine/journal/step_path.hpp"
#include "engine/report/text.hpp"

namespace pgconvoy::report {
namespace {

constexpr double kNearBudget = 0.7;  // of it: the clock turns red

std::string screen_clock(Seconds duration) {
  const auto whole = static_cast<long>(std::max(0.0, duration.count()));
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

std::size_t width_of_row(const ScreenRow& row) {
  std::size_t width = 0;
  for (const ScreenSpan& span : row) width += width_of(span.text);
  return width;
}

// "[####!!....]": done, failed, the rest.
ScreenRow lane_bar(int done, int failed, int total, std::size_t cells) {
  const auto share = [&](int many) { return total == 0 || many == 0 ? std::size_t{0} : std::max<std::size_t>(1, std::lround(double(cells) * many / total)); };
  const std::size_t good = std::min(share(done), cells), bad = std::min(share(failed), cells - good);
  return {{"["}, {std::string(good, '#'), Tone::good}, {std::string(bad, '!'), Tone::bad}, {std::string(cells - good - bad, '.'), Tone::dim}, {"]"}};
}

void append_row(ScreenRow& row, ScreenRow more) {
  for (ScreenSpan& span : more) row.push_back(std::move(span));
}

std::string words_of_state(const WatchState& state) {
  std::string text = to_string(state.run.state);
  std::replace(text.begin(), text.end(), '_', ' ');
  if (state.run.state != RunState::running) return text;
  if (!state.alive) return "interrupted: no process is at work on it";
  if (state.run.intent == RunIntent::pause) return "pausing: nothing new starts";
  if (state.run.intent == RunIntent::cancel) return "being cancelled";
  return text;
}

Tone tone_of_state(const WatchState& state) {
  switch (state.run.state) {
    case RunState::succeeded:
      return Tone::good;
    case RunState::finished_with_failures:
    case RunState::cancelled:
      return Tone::bad;
    case RunState::halted:
      return Tone::warn;
    default:
      return state.run.state == RunState::running && !state.alive ? Tone::bad : Tone::plain;
  }
}

// Bytes where they are known, else time against what was foretold of the step.
std::string progress_of(const WatchState& state, int number, const ProgressBoard::Item& item, WallTime now, std::size_t columns) {
  const auto drawn = [&](double share, const char* mark) {
    constexpr std::size_t kCells = 10;
    const double bounded = std::clamp(share, 0.0, 1.0);
    std::string text;
    if (columns >= 90) {
      const auto full = static_cast<std::size_t>(bounded * kCells);
      text = "[" + std::string(full, '#') + std::string(kCells - full, '.') + "] ";
    }
    return text + fmt::format("{}{:>3} %", mark, static_cast<int>(bounded * 100));
  };
  if (item.total_bytes > 0 && item.bytes <= item.total_bytes)
    return drawn(static_cast<double>(item.bytes) / static_cast<double>(item.total_bytes), " ") +
           (columns >= 110 ? fmt::format(" {} of {}", format_bytes({item.bytes}), format_bytes({item.total_bytes})) : "");
  const auto steps = state.planned.find(number);
  if (steps == state.planned.end() || item.undoing) return "";
  const auto planned = steps->second.find(item.step);
  if (planned == steps->second.end() || planned->second < 1) return "";
  const double share = Seconds(now - item.step_started).count() / planned->second;
  return share > 1 ? (columns >= 90 ? "longer than foretold" : "late") : drawn(share, "~");
}

ScreenSpan pause_clock(const WatchState& state, int number, const ProgressBoard::Item& item, WallTime now) {
  const bool paused = item.controlled && item.paused_at && !item.resumed_at;
  if (!paused) return {""};
  const Seconds since = now - *item.paused_at;
  std::string text = "  paused " + screen_clock(since);
  const auto index = static_cast<std::size_t>(number - 1);
  if (index >= state.budgets.size() || !state.budgets[index]) return {text, Tone::warn};
  const Seconds budget = *state.budgets[index];
  const bool near = since >= kNearBudget * budget;
  // Said in words, too: not everybody sees red.
  text += fmt::format(" of {}{}", screen_clock(budget), since > budget ? " OVER" : near ? "!" : "");
  return {text, near ? Tone::bad : Tone::warn, near};
}

}  // namespace

ScreenRow title_row(const WatchState& state, const WatchView& view) {
  std::string text = fmt::format(" {}  {}  ", state.run.name, shown(state.run.runbook));
  std::string time;
  if (state.run.started) time = screen_clock(state.run.ended.value_or(view.now) - *state.run.started);
  const std::string words = words_of_state(state);
  std::string right = fmt::format("{}  {} UTC ", time, clock_time(view.now));
  const std::size_t used = width_of(text) + width_of(words) + width_of(right);
  if (used >= view.columns) right = time + " ";
  const std::size_t taken = width_of(text) + width_of(words) + width_of(right);
  return {{text, Tone::plain, true, true}, {words, tone_of_state(state), true, true}, {std::string(view.columns - std::min(view.columns, taken), ' '), Tone::plain, false, true},
          {right, Tone::plain, false, true}};
}

// Targets of a region that ended in the last ten minutes, or since the run began, by minute.
std::map<std::string, double> rates_of(const WatchState& state, WallTime now) {
  constexpr Seconds kLookBack{600};
  std::map<std::string, double> rates;
  if (!state.run.started || state.run.state != RunState::running) return rates;
  const Seconds since = std::min<Seconds>(kLookBack, now - *state.run.started);
  if (since.count() < 1) return rates;
  for (const ProgressBoard::Item& item : state.board.items())
    if (item.ended && item.state == TargetState::succeeded && Seconds(now - *item.ended) <= since) rates[item.region] += 60 / since.count();
  return rates;
}

ScreenRow lane_row(const std::string& name, const ProgressBoard::Lane& lane, double rate, const std::string& rest, std::size_t name_width, std::size_t columns) {
  std::string figures = fmt::format(" {} done", lane.done);
  ScreenRow failed;
  if (lane.failed) failed = {{fmt::format(", {} not", lane.failed), Tone::bad}};
  const std::string going = fmt::format(", {} running, {} left", lane.running, lane.left);
  std::string pace;
  if (rate > 0) pace += rate >= 0.95 ? fmt::format("  {:.1f}/min", rate) : fmt::format("  {:.1f}/h", rate * 60);
  if (!rest.empty()) pace += "  " + rest;
  const std::size_t taken = name_width + 1 + width_of(figures) + width_of_row(failed) + width_of(going) + width_of(pace) + 2;
  const std::size_t cells = columns > taken + 6 ? std::min<std::size_t>(columns - taken, 50) : 0;
  ScreenRow row{{padded(cut(name, name_width), name_width) + " "}};
  if (cells > 0) append_row(row, lane_bar(lane.done, lane.failed, lane.total, cells));
  row.push_back({figures});
  append_row(row, failed);
  row.push_back({going});
  row.push_back({pace, Tone::dim});
  return row;
}

std::string rest_of(const WatchState& state, const std::string& region) {
  const auto found = state.board.rest().find(region);
  return found == state.board.rest().end() ? "" : fmt::format("{}-{} to go", screen_clock(Seconds(found->second.p50)), screen_clock(Seconds(found->second.p90)));
}

ScreenRow target_row(const WatchState& state, const WatchView& view, int number, std::size_t name_width) {
  const ProgressBoard::Item& item = state.board.items()[number - 1];
  const bool chosen = number == view.selected;
  ScreenRow row{{chosen ? "> " : "  ", Tone::plain, chosen}, {padded(cut(item.id, name_width), name_width) + "  ", Tone::plain, chosen}};
  const auto failure = state.failures.find(number);
  if (!item.in_flight) {
    std::string words = to_string(item.state);
    std::replace(words.begin(), words.end(), '_', ' ');
    const Tone tone = item.state == TargetState::succeeded ? Tone::good : failure != state.failures.end() ? Tone::bad : Tone::dim;
    row.push_back({words, tone});
    if (failure != state.failures.end()) row.push_back({"  " + failure->second.cause});
    append_row(row, {pause_clock(state, number, item, view.now)});
    return row;
  }
  const ScreenSpan clock = pause_clock(state, number, item, view.now);
  std::string operation = shown(operation_of(item.step));
  if (operation.empty()) operation = "reading facts";
  std::string text = padded((item.undoing ? "undo " : "") + operation + " ", view.columns >= 110 ? 42 : 0);
  text += " " + screen_clock(view.now - item.step_started);
  if (const std::string progress = progress_of(state, number, item, view.now, view.columns); !progress.empty()) text += "  " + progress;
  const std::size_t room = view.columns - std::min(view.columns, width_of_row(row) + width_of(clock.text));
  if (view.columns >= 110 && !item.text.empty() && width_of(text) + 6 < room) text += "  " + item.text;
  row.push_back({padded(cut(text, room), view.columns >= 110 ? std::min<std::size_t>(room, 84) : 0), item.undoing ? Tone::bad : Tone::plain});
  row.push_back(clock);
  return row;
}

}  // namespace pgconvoy::report
