#include "engine/report/report_plots.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "engine/core/bytes.hpp"
#include "engine/report/markup.hpp"
#include "engine/report/run_report.hpp"
#include "engine/report/svg_axis.hpp"
#include "engine/report/text.hpp"

namespace pgconvoy::report {

const char* const kPlotStyle =
    "svg.plot{max-width:100%;height:auto;font:12px system-ui,sans-serif}"
    "svg.plot text{fill:var(--ink)}svg.plot text.label{fill:var(--quiet)}"
    "svg.plot .grid{stroke:var(--rule);stroke-width:1}"
    "svg.plot .good{fill:var(--good)}svg.plot .bad{fill:var(--bad)}svg.plot .warn{fill:var(--warn)}svg.plot .dim{fill:var(--idle)}"
    "svg.plot .pause{fill:var(--pause)}svg.plot line.mark{stroke:var(--bad);stroke-width:1.5}"
    "svg.plot path.cross{stroke:var(--bad);stroke-width:1.8;fill:none}svg.plot circle{fill-opacity:.7}";

namespace {

constexpr double kPlotsWidth = 660, kPlotsHeight = 280, kLeftMargin = 64, kRightMargin = 16, kTopMargin = 14, kBottomMargin = 44;

bool went_well(const TargetSummary& target) { return target.state == TargetState::succeeded; }

const char* kind_of(const TargetSummary& target) {
  if (went_well(target)) return "good";
  return is_failure(target) ? "bad" : "warn";
}

// Targets that fall on one spot are drawn once, larger.
struct PlotSpot {
  int targets = 0;
  std::string first;
};

std::string spot_tip(const PlotSpot& spot) {
  return escaped_markup(spot.targets == 1 ? spot.first : fmt::format("{}, and {} more here", spot.first, spot.targets - 1));
}

std::string drawn_spot(double x, double y, bool well, const PlotSpot& spot) {
  const double radius = std::min(3.0 + std::sqrt(static_cast<double>(spot.targets - 1)), 12.0);
  const std::string tip = spot_tip(spot);
  if (well) return fmt::format("<circle class=\"good\" cx=\"{:.0f}\" cy=\"{:.0f}\" r=\"{:.1f}\"><title>{}</title></circle>\n", x, y, radius, tip);
  // A cross, so that failures are seen without colours.
  return fmt::format("<path class=\"cross\" d=\"M{:.0f} {:.0f}l{:.1f} {:.1f}m0 {:.1f}l{:.1f} {:.1f}\"><title>{}</title></path>\n", x - radius, y - radius, 2 * radius,
                     2 * radius, -2 * radius, -2 * radius, 2 * radius, tip);
}

// Bars side by side over their labels.
std::string column_plot(const std::string& title, const std::string& below, const std::vector<std::pair<std::string, int>>& columns, const char* kind) {
  int most = 1, all = 0;
  for (const auto& [label, targets] : columns) most = std::max(most, targets), all += targets;
  std::string svg = svg_begin(kPlotsWidth, kPlotsHeight, title, fmt::format("{} in {} columns", count(all, "target"), columns.size()));
  const double height = kPlotsHeight - kTopMargin - kBottomMargin, wide = (kPlotsWidth - kLeftMargin - kRightMargin) / static_cast<double>(columns.size());
  for (const int share : {0, 1, 2}) {
    const double y = kTopMargin + height * (2 - share) / 2;
    svg += svg_line(kLeftMargin, y, kPlotsWidth - kRightMargin, y, "grid");
    if (share == 0 || most * share % 2 == 0) svg += svg_text(kLeftMargin - 6, y + 4, with_separators(most * share / 2), "end");
  }
  double x = kLeftMargin;
  for (const auto& [label, targets] : columns) {
    const double bar = height * targets / most;
    if (targets > 0) {
      svg += svg_bar(x + 3, kTopMargin + height - bar, wide - 6, bar, kind, fmt::format("{}: {}", label, count(targets, "target")));
      svg += svg_text(x + wide / 2, kTopMargin + height - bar - 4, with_separators(targets), "middle", "figure");
    }
    svg += svg_text(x + wide / 2, kTopMargin + height + 16, label, "middle");
    x += wide;
  }
  return svg + svg_text(kPlotsWidth / 2, kPlotsHeight - 8, below, "middle") + "</svg>\n";
}

struct TimelineBar {
  const TargetSummary* summary;
  const TargetRecord* record;
};

// Minutes, hours or days that give a handful of marks.
double step_of_axis(double seconds) {
  for (const double step : {1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0, 21600.0, 43200.0, 86400.0, 172800.0, 604800.0})
    if (seconds / step <= 8) return step;
  return 2592000;
}

std::string axis_of_time(WallTime begin, double seconds, double left, double width, double top, double bottom) {
  std::string svg;
  const double step = step_of_axis(seconds);
  for (double at = 0; at <= seconds + 0.001; at += step) {
    const double x = left + width * at / seconds;
    svg += svg_line(x, top, x, bottom, "grid");
    const WallTime when = begin + std::chrono::duration_cast<WallTime::duration>(Seconds(at));
    svg += svg_text(x, bottom + 16, step >= 86400 ? format_utc(when).substr(5, 5) : clock_time(when).substr(0, step < 60 ? 8 : 5), "middle");
  }
  return svg;
}

std::string bars_of_time(const std::vector<TimelineBar>& bars, WallTime begin, double seconds, WallTime now) {
  constexpr double kRow = 15, kNames = 170;
  const double width = kPlotsWidth - kNames - kRightMargin, bottom = kTopMargin + kRow * static_cast<double>(bars.size());
  std::string svg = svg_begin(kPlotsWidth, bottom + kBottomMargin, "Timeline", fmt::format("when each of {} was under way, from {}", count(static_cast<std::int64_t>(bars.size()), "target"),
                                                                                          format_utc(begin)));
  svg += axis_of_time(begin, seconds, kNames, width, kTopMargin, bottom);
  const auto place = [&](WallTime at) { return kNames + width * std::clamp(Seconds(at - begin).count() / seconds, 0.0, 1.0); };
  double y = kTopMargin;
  for (const TimelineBar& bar : bars) {
    const TargetRecord& record = *bar.record;
    const double from = place(*record.started), to = std::max(from + 1.5, place(record.ended.value_or(now)));
    std::string tip = fmt::format("{}: {}, {}", shown(bar.summary->id), result_of(*bar.summary), format_duration(*bar.summary->total));
    if (bar.summary->paused) tip += ", paused for " + format_duration(*bar.summary->paused);
    svg += svg_text(kNames - 6, y + kRow - 4, cut(shown(bar.summary->id), 25), "end");
    svg += svg_bar(from, y + 2, to - from, kRow - 4, kind_of(*bar.summary), tip);
    if (record.paused_at && bar.summary->paused) {
      const double paused = std::max(from, place(*record.paused_at)), resumed = std::min(to, place(record.resumed_at.value_or(now)));
      if (resumed > paused) svg += svg_bar(paused, y + kRow / 2 - 1.5, resumed - paused, 3, "pause", tip);
    }
    y += kRow;
  }
  return svg + svg_text(kNames + width / 2, bottom + kBottomMargin - 8, fmt::format("time of day in UTC, from {}; the inner line is the pause", format_utc(begin).substr(0, 16)), "middle") +
         "</svg>\n";
}

// How many were under way at a time in each region, and marks where one failed.
std::string lanes_of_time(const std::vector<TimelineBar>& bars, WallTime begin, double seconds, WallTime now) {
  constexpr double kLane = 64, kNames = 120;
  constexpr int kCells = 260;
  constexpr std::size_t kLanes = 14;
  struct Lane {
    std::vector<int> under_way = std::vector<int>(kCells + 1);
    std::vector<bool> failed = std::vector<bool>(kCells + 1);
    int targets = 0;
  };
  std::map<std::string, Lane> lanes;
  for (const TimelineBar& bar : bars) {
    Lane& lane = lanes[bar.summary->region];
    ++lane.targets;
    const auto cell = [&](WallTime at) { return static_cast<int>(kCells * std::clamp(Seconds(at - begin).count() / seconds, 0.0, 1.0)); };
    const int last = cell(bar.record->ended.value_or(now));
    for (int at = cell(*bar.record->started); at <= last; ++at) ++lane.under_way[at];
    if (is_failure(*bar.summary)) lane.failed[last] = true;
  }
  const std::size_t drawn = std::min(lanes.size(), kLanes);
  const double width = kPlotsWidth - kNames - kRightMargin, bottom = kTopMargin + kLane * static_cast<double>(drawn);
  std::string svg = svg_begin(kPlotsWidth, bottom + kBottomMargin, "Timeline", fmt::format("how many of {} were under way at a time", count(static_cast<std::int64_t>(bars.size()), "target")));
  svg += axis_of_time(begin, seconds, kNames, width, kTopMargin, bottom);
  double y = kTopMargin;
  std::size_t number = 0;
  for (const auto& [region, lane] : lanes) {
    if (number++ == drawn) break;
    const int most = std::max(1, *std::max_element(lane.under_way.begin(), lane.under_way.end()));
    const double base = y + kLane - 8, high = kLane - 20;
    std::string path = fmt::format("M{:.1f} {:.1f}", kNames, base);
    for (int i = 0; i <= kCells; ++i) path += fmt::format("L{:.1f} {:.1f}", kNames + width * i / kCells, base - high * lane.under_way[i] / most);
    svg += fmt::format("<path class=\"good\" d=\"{}L{:.1f} {:.1f}Z\"/>\n", path, kNames + width, base);
    for (int i = 0; i <= kCells; ++i)
      if (lane.failed[i]) svg += svg_line(kNames + width * i / kCells, base, kNames + width * i / kCells, base - high - 4, "mark");
    svg += svg_text(kNames - 8, base - high / 2, cut(shown(region), 16), "end", "figure");
    svg += svg_text(kNames - 8, base - high / 2 + 14, fmt::format("up to {}", most), "end");
    y += kLane;
  }
  std::string below = "targets under way, time in UTC; a mark where one failed";
  if (drawn < lanes.size()) below += fmt::format("; {} more regions aren't drawn", lanes.size() - drawn);
  return svg + svg_text(kNames + width / 2, bottom + kBottomMargin - 8, below, "middle") + "</svg>\n";
}

}  // namespace

std::string plot_of_sizes(const RunSummary& summary) {
  double least_bytes = 1e300, most_bytes = 0, least = 1e300, most = 0;
  for (const TargetSummary& target : summary.targets) {
    if (!target.total || target.bytes <= 0) continue;
    least_bytes = std::min(least_bytes, static_cast<double>(target.bytes)), most_bytes = std::max(most_bytes, static_cast<double>(target.bytes));
    least = std::min(least, target.total->count()), most = std::max(most, target.total->count());
  }
  if (most_bytes <= 0) return "";
  const double right = kPlotsWidth - kRightMargin, bottom = kPlotsHeight - kBottomMargin;
  const LogScale across(least_bytes, most_bytes, kLeftMargin + 8, right - 8, size_stops()), up(least, most, bottom - 8, kTopMargin + 8, duration_stops());
  std::string svg = svg_begin(kPlotsWidth, kPlotsHeight, "Duration by size", "each target's duration over the size of its databases, both on logarithmic scales");
  for (const auto& [value, label] : across.ticks) {
    svg += svg_line(across.place(value), kTopMargin, across.place(value), bottom, "grid");
    svg += svg_text(across.place(value), bottom + 16, label, "middle");
  }
  for (const auto& [value, label] : up.ticks) {
    svg += svg_line(kLeftMargin, up.place(value), right, up.place(value), "grid");
    svg += svg_text(kLeftMargin - 6, up.place(value) + 4, label, "end");
  }
  constexpr int kCell = 4;
  std::map<std::tuple<bool, int, int>, PlotSpot> spots;
  for (const TargetSummary& target : summary.targets) {
    if (!target.total || target.bytes <= 0) continue;
    const int x = static_cast<int>(across.place(static_cast<double>(target.bytes))) / kCell, y = static_cast<int>(up.place(target.total->count())) / kCell;
    PlotSpot& spot = spots[{went_well(target), x, y}];
    if (spot.targets++ == 0)
      spot.first = fmt::format("{}: {}, {}, {}", shown(target.id), format_bytes({target.bytes}), format_duration(*target.total), result_of(target));
  }
  for (const bool well : {true, false})
    for (const auto& [place, spot] : spots)
      if (std::get<0>(place) == well) svg += drawn_spot(std::get<1>(place) * kCell + kCell / 2.0, std::get<2>(place) * kCell + kCell / 2.0, well, spot);
  return svg + svg_text((kLeftMargin + right) / 2, kPlotsHeight - 8, "size of its databases; crosses didn't succeed", "middle") + "</svg>\n";
}

std::string plot_of_timeline(const RunOutline& outline) {
  constexpr std::size_t kBars = 120;
  std::vector<TimelineBar> bars;
  std::optional<WallTime> begin, end;
  for (std::size_t i = 0; i < outline.summary.targets.size() && i < outline.input.targets.size(); ++i) {
    const TargetRecord& record = outline.input.targets[i];
    if (!record.started) continue;
    const WallTime until = record.ended.value_or(outline.input.now);
    begin = begin ? std::min(*begin, *record.started) : *record.started;
    end = end ? std::max(*end, until) : until;
    bars.push_back({&outline.summary.targets[i], &record});
  }
  if (bars.empty()) return "";
  const double seconds = std::max(1.0, Seconds(*end - *begin).count());
  if (bars.size() > kBars) return lanes_of_time(bars, *begin, seconds, outline.input.now);
  std::stable_sort(bars.begin(), bars.end(), [](const TimelineBar& left, const TimelineBar& right) {
    return std::tie(left.summary->region, *left.record->started) < std::tie(right.summary->region, *right.record->started);
  });
  return bars_of_time(bars, *begin, seconds, outline.input.now);
}

std::string plot_of_pauses(const RunSummary& summary) {
  static constexpr double kBelow[] = {1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 1e300};
  static constexpr const char* kLabels[] = {"<1 s", "1-2 s", "2-5 s", "5-10 s", "10-20 s", "20-30 s", "30-60 s", "1-2 min", "2-5 min", "5-10 min", "10-30 min", ">30 min"};
  std::vector<std::pair<std::string, int>> columns;
  for (const char* label : kLabels) columns.emplace_back(label, 0);
  int all = 0;
  for (const TargetSummary& target : summary.targets) {
    if (!target.paused || target.is_paused) continue;
    std::size_t column = 0;
    while (target.paused->count() >= kBelow[column]) ++column;
    ++columns[column].second;
    ++all;
  }
  if (all == 0) return "";
  while (columns.size() > 3 && columns.back().second == 0) columns.pop_back();
  std::string below = "paused for";
  if (summary.totals.paused_median)
    below += fmt::format("; of those that succeeded half at most {}, the longest {}", format_duration(*summary.totals.paused_median), format_duration(*summary.totals.paused_longest));
  return column_plot("Pauses", below, columns, "pause");
}

std::string plot_of_forecast(const RunSummary& summary) {
  if (!summary.grade) return "";
  return column_plot("Forecast", "actual duration as a share of what was foretold, of those that succeeded at the first try", bins_of_grade(*summary.grade), "good");
}

std::string plot_of_causes(const RunSummary& summary) {
  constexpr std::size_t kCauses = 15;
  constexpr double kRow = 24, kNames = 300, kNumber = 50;
  std::map<std::string, int> by_cause;
  for (const TargetSummary& target : summary.targets)
    if (is_failure(target)) ++by_cause[cause_of(target)];
  if (by_cause.empty()) return "";
  std::vector<std::pair<int, std::string>> causes;
  for (const auto& [cause, targets] : by_cause) causes.emplace_back(targets, cause);
  std::stable_sort(causes.begin(), causes.end(), [](const auto& left, const auto& right) { return left.first > right.first; });
  int more = 0;
  for (std::size_t i = kCauses; i < causes.size(); ++i) more += causes[i].first;
  if (causes.size() > kCauses) {
    causes.resize(kCauses);
    causes.emplace_back(more, "others");
  }
  std::string svg = svg_begin(kPlotsWidth, kTopMargin + kRow * static_cast<double>(causes.size()) + 8, "Failures by cause", fmt::format("{} causes", by_cause.size()));
  const double width = kPlotsWidth - kNames - kNumber;
  double y = kTopMargin;
  const int most = std::max(more, causes.front().first);
  for (const auto& [targets, cause] : causes) {
    const double bar = std::max(2.0, width * targets / most);
    svg += svg_text(kNames - 8, y + 14, cut(cause, 46), "end", "figure");
    svg += svg_bar(kNames, y + 2, bar, kRow - 8, "bad", fmt::format("{}: {}", cause, count(targets, "target")));
    svg += svg_text(kNames + bar + 6, y + 14, with_separators(targets), "start", "figure");
    y += kRow;
  }
  return svg + "</svg>\n";
}

}  // namespace pgconvoy::report
