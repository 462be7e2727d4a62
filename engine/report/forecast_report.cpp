#include "engine/report/forecast_report.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "engine/core/bytes.hpp"
#include "engine/core/time_zone.hpp"
#include "engine/facts/connection_room.hpp"
#include "engine/report/table.hpp"
#include "engine/report/text.hpp"

namespace pgconvoy::report {
namespace {

constexpr std::size_t kWindowsShown = 12, kChartWidth = 40;

std::string duration_words(double seconds) { return format_duration(Seconds(seconds)); }

std::string range_words(const Spread& spread) {
  const auto low = std::llround(spread.p10), high = std::llround(spread.p90);
  return low == high ? std::to_string(low) : fmt::format("{} to {}", low, high);
}

std::string local_time(const Plan& plan, const std::string& region, WallTime time) {
  const auto known = plan.fleet.regions.find(region);
  const bool has_zone = known != plan.fleet.regions.end() && !known->second.time_zone.empty();
  const auto zone = has_zone ? TimeZone::find(known->second.time_zone) : Result<TimeZone>(TimeZone::utc());
  return zone ? zone->local(time) : format_utc(time);
}

std::string windows_text(const Plan& plan, const Forecast& forecast, const Style& style, std::size_t width) {
  if (forecast.openings.empty()) return "";
  Table table({{"region", Align::left, true}, {"window opens"}, {"finished", Align::right}, {"left then", Align::right}, {"late", Align::right}});
  for (std::size_t i = 0; i < std::min(kWindowsShown, forecast.openings.size()); ++i) {
    const OpeningForecast& opening = forecast.openings[i];
    table.add({shown(opening.region), local_time(plan, opening.region, opening.open), range_words(opening.finished), range_words(opening.left),
               Cell(opening.late > 0 ? fmt::format("{:.0f} %", opening.late * 100) : "-", opening.late > 0.1 ? Tone::warn : Tone::plain)});
  }
  std::string text = table.text(style, width);
  if (forecast.openings.size() > kWindowsShown) text += fmt::format("... and {} more\n", count(static_cast<std::int64_t>(forecast.openings.size() - kWindowsShown), "window"));
  return text;
}

std::string learnt_text(const json& document) {
  const json learnt = document.value("learnt_from", json::object());
  const int targets = learnt.value("targets", 0);
  if (targets == 0) return "estimates are those shipped: without a run or a rehearsal of these servers they may be off by a factor of two";
  return fmt::format("estimates are learnt from {} of {}", count(targets, "target"), fmt::join(learnt.value("runs", std::vector<std::string>()), ", "));
}

}  // namespace

std::string within_words(double seconds, double p90) {
  if (p90 <= seconds) return duration_words(seconds);
  return fmt::format("{}, nine times of ten within {}", duration_words(seconds), duration_words(p90));
}

// Those that take most; the rest stand in the document.
static std::string servers_text(const Forecast& forecast) {
  constexpr std::size_t kShown = 4;
  std::vector<std::pair<std::string, ServerForecast>> taking;
  double busiest = 0;
  for (const auto& [server, own] : forecast.servers) {
    busiest = std::max(busiest, own.targets.p90);
    if (own.bytes > 0) taking.emplace_back(server, own);
  }
  if (taking.empty()) return "";
  std::stable_sort(taking.begin(), taking.end(), [](const auto& one, const auto& other) { return one.second.bytes > other.second.bytes; });
  std::vector<std::string> parts;
  for (const auto& [server, own] : taking) {
    if (parts.size() == kShown) break;
    parts.push_back(fmt::format("{} takes {}", shown(server), format_bytes({own.bytes})));
  }
  std::string text = fmt::format("disk: {}", fmt::join(parts, ", "));
  if (taking.size() > kShown) text += fmt::format(" (and {} less each)", count(static_cast<std::int64_t>(taking.size() - kShown), "server"));
  return text + fmt::format("; up to {} of ours on one server at a time", count(std::llround(busiest) * kConnectionsOfOneMove, "connection"));
}

std::string forecast_text(const Plan& plan, const Style& style, std::size_t width) {
  const Forecast forecast = forecast_from_json(plan.forecast);
  if (forecast.draws == 0 || forecast.targets == 0) return "";
  const std::size_t limit = width == 0 ? 100000 : width;
  std::string text = style.bold("forecast") + fmt::format(" ({} draws, from {} on)\n", forecast.draws, day_and_time(format_utc(forecast.from)));
  Table table({{"region", Align::left, true}, {"targets", Align::right}, {"ends after", Align::right}, {"9 of 10 within", Align::right}, {"at about"}});
  const auto row = [&](const std::string& name, int targets, const Spread& seconds, const std::string& when) {
    table.add({shown(name), std::to_string(targets), duration_words(seconds.p50), duration_words(seconds.p90), when});
  };
  const auto when = [&](const std::string& region, double seconds) {
    return local_time(plan, region, forecast.from + std::chrono::duration_cast<WallTime::duration>(Seconds(seconds)));
  };
  for (const auto& [region, own] : forecast.regions) row(region, own.targets, own.seconds, when(region, own.seconds.p50));
  if (forecast.regions.size() > 1) row("all", forecast.targets, forecast.seconds, when("", forecast.seconds.p50));
  text += table.text(style, width) + windows_text(plan, forecast, style, width);
  if (forecast.not_reached.p50 > 0)
    text += style.warn(fmt::format("{} will not be begun: too long for any window, or after one that is\n",
                                   count(std::llround(forecast.not_reached.p50), "target")));
  text += wrapped(fmt::format("at most {} and {} in flight at a time", count(std::llround(forecast.targets_in_flight.p90), "target"),
                              format_bytes({std::llround(forecast.bytes_in_flight.p90)})), limit, 2) + "\n";
  if (const std::string servers = servers_text(forecast); !servers.empty()) text += wrapped(servers, limit, 2) + "\n";
  std::vector<std::string> counted;
  if (forecast.approvals) counted.push_back("an answer to each wave within a quarter of an hour");
  if (forecast.rests) counted.push_back("the run is taken up again when its windows open, or ten minutes after a batch");
  if (!counted.empty()) text += wrapped(fmt::format("counted in: {}", fmt::join(counted, "; ")), limit, 2) + "\n";
  return text + wrapped(learnt_text(plan.forecast) + "; failures and throttles are left out", limit, 2) + "\n";
}

std::string what_if_text(const WhatIf& asked, const Style& style, std::size_t width) {
  Table table({{asked.setting}, {"ends after", Align::right}, {"9 of 10 within", Align::right}, {"longest pause", Align::right},
               {"over budget", Align::right}, {"at once", Align::right}, {"bytes at once", Align::right}});
  double most = 1;
  std::size_t label = 0;
  for (const WhatIfRow& row : asked.rows) {
    most = std::max(most, row.forecast.seconds.p90);
    label = std::max(label, row.value.size());
    table.add({row.value + (row.as_planned ? " (planned)" : ""), duration_words(row.forecast.seconds.p50), duration_words(row.forecast.seconds.p90),
               duration_words(row.longest_pause), Cell(std::to_string(row.over_budget), row.over_budget > 0 ? Tone::warn : Tone::plain),
               std::to_string(std::llround(row.forecast.targets_in_flight.p90)), format_bytes({std::llround(row.forecast.bytes_in_flight.p90)})});
  }
  std::string text = style.bold(fmt::format("what if {}", shown(asked.setting))) + "\n" + table.text(style, width);
  for (const WhatIfRow& row : asked.rows) {
    const auto cells = [&](double seconds) { return static_cast<std::size_t>(std::lround(seconds / most * static_cast<double>(kChartWidth))); };
    const std::size_t middle = cells(row.forecast.seconds.p50), end = std::max(middle, cells(row.forecast.seconds.p90));
    text += fmt::format("  {} {}{}\n", padded(row.value, label), style.good(std::string(middle, '#')), style.dim(std::string(end - middle, '-')));
  }
  if (!asked.remark.empty()) text += fmt::format("  {}\n", asked.remark);
  return text;
}

json what_if_json(const WhatIf& asked) {
  json document{{"setting", asked.setting}, {"remark", asked.remark}, {"values", json::array()}};
  for (const WhatIfRow& row : asked.rows)
    document["values"].push_back({{"value", row.value}, {"as_planned", row.as_planned}, {"longest_pause_p90", row.longest_pause},
                                  {"over_budget", row.over_budget}, {"forecast", forecast_json(row.forecast)}});
  return document;
}

}  // namespace pgconvoy::report
