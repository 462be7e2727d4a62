#include "engine/report/watch_screen.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/report/text.hpp"
#include "engine/report/watch_parts.hpp"

namespace pgconvoy::report {
namespace {

constexpr std::size_t kNameColumns = 30;

bool is_over(TargetState state) {
  return state == TargetState::succeeded || state == TargetState::skipped || state == TargetState::rolled_back || state == TargetState::stuck;
}

// Spans beyond the width are cut, and the row filled up where it has a background.
ScreenRow fit_row(ScreenRow row, std::size_t columns) {
  std::size_t used = 0;
  for (ScreenSpan& span : row) {
    span.text = cut(span.text, columns - std::min(used, columns));
    used += width_of(span.text);
  }
  if (!row.empty() && row.back().reverse && used < columns) row.push_back({std::string(columns - used, ' '), row.back().tone, row.back().bold, true});
  return row;
}

// shown() takes away what indents a line.
std::string shown_columns(const std::string& line) {
  const std::size_t indent = std::min(line.find_first_not_of(' '), line.size());
  return std::string(indent, ' ') + shown(line);
}

// As many rows as there is room for; the selected one is among them. The last one counts the others.
void list_rows(std::vector<ScreenRow>& rows, const WatchState& state, const WatchView& view, const std::vector<int>& numbers, std::size_t room, const char* more) {
  if (room == 0) return;
  std::size_t name_width = 0;
  for (const int number : numbers) name_width = std::max(name_width, width_of(state.board.items()[number - 1].id));
  name_width = std::min({name_width, kNameColumns, view.columns / 3});
  std::size_t first = 0;
  const std::size_t fitting = numbers.size() <= room ? numbers.size() : room - 1;
  const auto chosen = std::find(numbers.begin(), numbers.end(), view.selected);
  if (chosen != numbers.end() && static_cast<std::size_t>(chosen - numbers.begin()) >= fitting && fitting > 0) first = chosen - numbers.begin() - fitting + 1;
  const std::vector<int> drawn(numbers.begin() + static_cast<std::ptrdiff_t>(first), numbers.begin() + static_cast<std::ptrdiff_t>(first + fitting));
  const FlightWidths widths = flight_widths(state, view, drawn, name_width);
  for (const int number : drawn) rows.push_back(target_row(state, view, number, name_width, widths));
  if (numbers.size() > fitting) rows.push_back({{fmt::format("  ... and {} more {}", numbers.size() - fitting, more), Tone::dim}});
}

std::vector<ScreenRow> help_rows() {
  static constexpr const char* kHelp[][2] = {
      {"up, down, j, k", "choose a target"},
      {"Enter, d", "details of it: steps, what is known, the ways on"},
      {"l", "its log"},
      {"/", "only targets whose name holds a text (Esc: all again)"},
      {"p", "pause the run: nothing new starts, what is in flight finishes"},
      {"r", "how it is resumed"},
      {"c", "change how many targets go on at a time"},
      {"a", "approve the next wave"},
      {"Esc, q", "back; on the first page q ends this. The run goes on"},
      {"PgUp, PgDn", "turn pages of details and logs"},
  };
  std::vector<ScreenRow> rows;
  for (const auto& [key, words] : kHelp) rows.push_back({{"  " + padded(key, 16), Tone::plain, true}, {words}});
  rows.push_back({});
  rows.push_back({{"  A bar with ~ is time against what was foretold of the step; without, true bytes. ! in a lane: not succeeded."}});
  rows.push_back({{"  The clock of a pause is marked when most of the downtime budget is used, and says OVER after it."}});
  return rows;
}

ScreenRow last_row(const WatchState& state, const WatchView& view) {
  if (view.asks) return {{view.question + " ", Tone::plain, true}, {view.answer}, {"_", Tone::plain, false, false}};
  if (!view.message.empty()) return {{view.message, view.message_is_bad ? Tone::bad : Tone::plain, view.message_is_bad}};
  if (view.page != WatchView::Page::overview) return {{"Esc back  PgUp PgDn  q back", Tone::dim}};
  std::string keys = "q quit  ? help  Enter details  l log  / filter  p pause  c concurrency";
  if (state.waits_for_approval) keys += "  a approve";
  if (state.run.state == RunState::halted || (state.run.state == RunState::running && !state.alive)) keys += "  r resume";
  return {{keys, Tone::dim}};
}

void overview_rows(std::vector<ScreenRow>& rows, const WatchState& state, const WatchView& view, std::size_t room) {
  const auto lanes = state.board.lanes();
  const auto rates = rates_of(state, view.now);
  const std::size_t until = rows.size() + room;
  const auto left = [&] { return until - std::min(until, rows.size()); };
  std::size_t name_width = 5;
  for (const auto& [region, lane] : lanes) name_width = std::max(name_width, std::min<std::size_t>(width_of(region), 18));
  ProgressBoard::Lane all;
  double rate = 0;
  for (const auto& [region, lane] : lanes) {
    all.done += lane.done, all.failed += lane.failed, all.running += lane.running, all.left += lane.left, all.total += lane.total;
    if (const auto found = rates.find(region); found != rates.end()) rate += found->second;
  }
  std::size_t lanes_room = std::max<std::size_t>(2, room / 3);
  std::vector<LaneLine> lines;
  if (lanes.size() > 1) lines.push_back({"all", all, rate, ""});
  // Regions with something under way first, when not all fit.
  std::vector<std::pair<std::string, ProgressBoard::Lane>> ordered(lanes.begin(), lanes.end());
  if (ordered.size() > lanes_room)
    std::stable_sort(ordered.begin(), ordered.end(), [](const auto& one, const auto& other) { return one.second.running > other.second.running; });
  std::size_t unnamed = 0;
  for (std::size_t i = 0; i < ordered.size(); ++i) {
    if (i + 1 >= lanes_room && i + 1 < ordered.size()) {
      unnamed = ordered.size() - i;
      break;
    }
    const auto& [region, lane] = ordered[i];
    const auto found = rates.find(region);
    lines.push_back({region, lane, found == rates.end() ? 0 : found->second, rest_of(state, region)});
  }
  for (ScreenRow& row : lane_rows(lines, name_width, view.columns)) rows.push_back(std::move(row));
  if (unnamed > 0) rows.push_back({{fmt::format("... and {} more regions", unnamed), Tone::dim}});
  for (const std::string& warning : state.board.warnings())
    if (left() > 8) rows.push_back({{shown(warning), Tone::warn}});
  if (state.waits_for_approval && left() > 6) rows.push_back({{fmt::format("wave {} waits for a word: press a to look at it and approve", state.next_wave), Tone::warn, true}});
  for (const std::string* said : {&state.board.wave(), &state.board.waits()})
    if (!said->empty() && left() > 6) rows.push_back({{*said}});

  const std::vector<int> listed = listed_targets(state, view);
  std::vector<int> flying, others;
  for (const int number : listed) (state.board.items()[number - 1].in_flight ? flying : others).push_back(number);
  const std::string heading = view.filter.empty() ? fmt::format("in flight ({} of at most {})", flying.size(), state.concurrency) : fmt::format("targets with \"{}\": {}", shown(view.filter), listed.size());
  rows.push_back({{heading, Tone::plain, true}});
  // What failed and what happened always get a few lines; what is in flight the rest that it needs.
  const std::size_t for_failed = others.empty() ? 0 : std::min<std::size_t>(others.size() + 1, std::max<std::size_t>(2, left() / 3));
  const std::size_t for_events = std::min<std::size_t>(state.happened.size() + 1, std::max<std::size_t>(3, left() / 4));
  const std::size_t for_flying = left() > for_failed + for_events ? left() - for_failed - for_events : 1;
  list_rows(rows, state, view, flying, std::min(flying.size(), for_flying), "in flight");
  if (!others.empty() && left() > 2) {
    rows.push_back({{view.filter.empty() ? fmt::format("not succeeded ({})", others.size()) : "others", Tone::plain, true}});
    list_rows(rows, state, view, others, std::min(others.size(), left() > for_events ? left() - for_events : 1), "");
  }
  if (left() > 1 && !state.happened.empty()) {
    rows.push_back({{"last", Tone::plain, true}});
    for (const std::string& line : state.happened) {
      if (left() == 0) break;
      rows.push_back({{"  " + line, Tone::dim}});
    }
  }
}

}  // namespace

std::string plain_text(const ScreenRow& row) {
  std::string text;
  for (const ScreenSpan& span : row) text += span.text;
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

std::size_t document_lines(const WatchView& view) { return view.lines > 3 ? view.lines - 3 : 1; }

std::vector<int> listed_targets(const WatchState& state, const WatchView& view) {
  const auto& items = state.board.items();
  std::vector<int> flying, others;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const int number = static_cast<int>(i) + 1;
    if (!view.filter.empty() && items[i].id.find(view.filter) == std::string::npos) continue;
    if (items[i].in_flight)
      flying.push_back(number);
    else if (!view.filter.empty() || state.failures.contains(number))
      others.push_back(number);
  }
  // The longest under way first: these are the ones somebody waits for. Of the others what needs a person.
  std::stable_sort(flying.begin(), flying.end(), [&](int one, int other) { return items[one - 1].claimed < items[other - 1].claimed; });
  std::stable_sort(others.begin(), others.end(), [&](int one, int other) {
    const auto rank = [&](int number) { return items[number - 1].state == TargetState::stuck ? 0 : state.failures.contains(number) ? 1 : is_over(items[number - 1].state) ? 3 : 2; };
    return rank(one) < rank(other);
  });
  flying.insert(flying.end(), others.begin(), others.end());
  return flying;
}

std::vector<ScreenRow> watch_rows(const WatchState& state, const WatchView& view) {
  std::vector<ScreenRow> rows{title_row(state, view)};
  const std::size_t room = view.lines > 2 ? view.lines - 2 : 0;
  if (view.page == WatchView::Page::help) {
    for (ScreenRow& row : help_rows())
      if (rows.size() <= room) rows.push_back(std::move(row));
  } else if (view.page == WatchView::Page::document) {
    rows.push_back({{shown(view.title), Tone::plain, true}});
    for (std::size_t i = view.scroll; i < view.document.size() && rows.size() <= room; ++i) rows.push_back({{shown_columns(view.document[i])}});
  } else {
    overview_rows(rows, state, view, room);
  }
  rows.resize(std::min(rows.size(), room + 1));
  while (rows.size() + 1 < view.lines) rows.emplace_back();
  rows.push_back(last_row(state, view));
  for (ScreenRow& row : rows) row = fit_row(std::move(row), view.columns);
  rows.resize(view.lines);
  return rows;
}

}  // namespace pgconvoy::report
