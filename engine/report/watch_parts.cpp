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
  if (steps == state.planned.end() || item.undoing || item.waits_for_pause) return "";
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

std::string in_flight_operation(const ProgressBoard::Item& item) {
  if (item.waits_for_pause) return "prepared, waits for its pause";
  const std::string operation = shown(operation_of(item.step));
  return (item.undoing ? "undo " : "") + (operation.empty() ? "reading facts" : operation);
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

// Figures stand below each other and bars are equally long: lanes are compared at a glance.
std::vector<ScreenRow> lane_rows(const std::vector<LaneLine>& lines, std::size_t name_width, std::size_t columns) {
  struct Pieces {
    std::string done, failed, running, left, rate;
  };
  std::vector<Pieces> all;
  Pieces widest;
  std::size_t rest = 0;
  const auto widen = [](std::string& known, const std::string& text) {
    if (width_of(text) > width_of(known)) known = text;
  };
  for (const LaneLine& line : lines) {
    const double rate = line.rate;
    all.push_back({std::to_string(line.lane.done), line.lane.failed ? std::to_string(line.lane.failed) : "", std::to_string(line.lane.running), std::to_string(line.lane.left),
                   rate <= 0 ? "" : rate >= 0.95 ? fmt::format("{:.1f}/min", rate) : fmt::format("{:.1f}/h", rate * 60)});
    const Pieces& pieces = all.back();
    widen(widest.done, pieces.done), widen(widest.failed, pieces.failed), widen(widest.running, pieces.running), widen(widest.left, pieces.left), widen(widest.rate, pieces.rate);
    rest = std::max(rest, width_of(line.rest));
  }
  const auto right = [](const std::string& text, const std::string& wide) { return fmt::format("{:>{}}", text, width_of(wide)); };
  const std::size_t failed = widest.failed.empty() ? 0 : width_of(widest.failed) + width_of(",  not");
  const std::size_t figures = width_of(widest.done) + failed + width_of(widest.running) + width_of(widest.left) + width_of(" done,  running,  left");
  const std::size_t taken = name_width + 1 + 1 + figures + (widest.rate.empty() ? 0 : width_of(widest.rate) + 2) + (rest > 0 ? rest + 2 : 0) + 2;
  const std::size_t cells = columns > taken + 6 ? std::min<std::size_t>(columns - taken, 50) : 0;
  std::vector<ScreenRow> rows;
  for (std::size_t n = 0; n < lines.size(); ++n) {
    const LaneLine& line = lines[n];
    const Pieces& pieces = all[n];
    ScreenRow row{{padded(cut(line.name, name_width), name_width) + " "}};
    if (cells > 0) append_row(row, lane_bar(line.lane.done, line.lane.failed, line.lane.total, cells));
    row.push_back({" " + right(pieces.done, widest.done) + " done"});
    if (!pieces.failed.empty())
      row.push_back({fmt::format(", {} not", right(pieces.failed, widest.failed)), Tone::bad});
    else
      row.push_back({std::string(failed, ' ')});
    row.push_back({fmt::format(", {} running, {} left", right(pieces.running, widest.running), right(pieces.left, widest.left))});
    if (!widest.rate.empty()) row.push_back({"  " + right(pieces.rate, widest.rate), Tone::dim});
    if (!line.rest.empty()) row.push_back({"  " + line.rest, Tone::dim});
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string rest_of(const WatchState& state, const std::string& region) {
  const auto found = state.board.rest().find(region);
  if (found == state.board.rest().end()) return "";
  const std::string p50 = screen_clock(Seconds(found->second.p50)), p90 = screen_clock(Seconds(found->second.p90));
  return p50 == p90 ? p50 + " to go" : fmt::format("{}-{} to go", p50, p90);
}

FlightWidths flight_widths(const WatchState& state, const WatchView& view, const std::vector<int>& numbers, std::size_t name_width) {
  FlightWidths widths;
  std::size_t clock = 0;
  for (const int number : numbers) {
    const ProgressBoard::Item& item = state.board.items()[number - 1];
    if (!item.in_flight) continue;
    widths.operation = std::max(widths.operation, width_of(in_flight_operation(item)));
    widths.time = std::max(widths.time, width_of(screen_clock(view.now - item.step_started)));
    widths.progress = std::max(widths.progress, width_of(progress_of(state, number, item, view.now, view.columns)));
    clock = std::max(clock, width_of(pause_clock(state, number, item, view.now).text));
  }
  constexpr std::size_t kLeastOfOperation = 12;
  const std::size_t others = 2 + name_width + 2 + 2 + widths.time + (widths.progress > 0 ? widths.progress + 2 : 0) + clock;
  widths.operation = std::min(widths.operation, std::max(kLeastOfOperation, view.columns - std::min(view.columns, others)));
  return widths;
}

ScreenRow target_row(const WatchState& state, const WatchView& view, int number, std::size_t name_width, const FlightWidths& widths) {
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
  const bool is_wide = view.columns >= 110;
  const std::string operation = in_flight_operation(item), time = screen_clock(view.now - item.step_started);
  const std::string progress = progress_of(state, number, item, view.now, view.columns);
  std::string text;
  if (is_wide) {
    text = padded(operation + " ", 42) + " " + time + (progress.empty() ? "" : "  " + progress);
  } else {
    text = padded(cut(operation, widths.operation), widths.operation) + fmt::format("  {:>{}}", time, widths.time);
    if (widths.progress > 0) text += "  " + padded(progress, widths.progress);
  }
  const std::size_t room = view.columns - std::min(view.columns, width_of_row(row) + width_of(clock.text));
  if (is_wide && !item.text.empty() && width_of(text) + 6 < room) text += "  " + item.text;
  row.push_back({padded(cut(text, room), is_wide ? std::min<std::size_t>(room, 84) : 0), item.undoing ? Tone::bad : Tone::plain});
  row.push_back(clock);
  return row;
}

}  // namespace pgconvoy::report
