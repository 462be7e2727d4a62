// A forecast as it stands in the journal and in documents, and the pace of a run.
#include <algorithm>
#include <cmath>

#include "engine/plan/robust.hpp"
#include "engine/plan/simulate.hpp"

namespace pgconvoy {
namespace {

json spread_json(const Spread& spread) { return {{"p10", spread.p10}, {"p50", spread.p50}, {"p90", spread.p90}}; }

Spread spread_from(const json& source) { return {source.value("p10", 0.0), source.value("p50", 0.0), source.value("p90", 0.0)}; }

Spread spread_in(const json& source, const char* key) { return spread_from(source.value(key, json::object())); }

}  // namespace

json forecast_json(const Forecast& forecast) {
  json document{{"draws", forecast.draws},
                {"targets", forecast.targets},
                {"from", format_utc(forecast.from)},
                {"seconds", spread_json(forecast.seconds)},
                {"bytes_in_flight", spread_json(forecast.bytes_in_flight)},
                {"targets_in_flight", spread_json(forecast.targets_in_flight)},
                {"not_reached", spread_json(forecast.not_reached)},
                {"approvals", forecast.approvals},
                {"rests", forecast.rests}};
  document["regions"] = json::object();
  for (const auto& [region, own] : forecast.regions)
    document["regions"][region] = {{"targets", own.targets}, {"seconds", spread_json(own.seconds)}};
  document["servers"] = json::object();
  for (const auto& [server, own] : forecast.servers)
    document["servers"][server] = {{"targets_at_a_time", spread_json(own.targets)}, {"bytes", own.bytes}};
  document["windows"] = json::array();
  for (const OpeningForecast& opening : forecast.openings)
    document["windows"].push_back({{"region", opening.region}, {"open", format_utc(opening.open)}, {"close", format_utc(opening.close)},
                                   {"finished", spread_json(opening.finished)}, {"left", spread_json(opening.left)}, {"late", opening.late}});
  return document;
}

Forecast forecast_from_json(const json& source) {
  Forecast forecast;
  if (!source.is_object()) return forecast;
  forecast.draws = source.value("draws", 0);
  forecast.targets = source.value("targets", 0);
  forecast.from = parse_utc(source.value("from", ""));
  forecast.seconds = spread_in(source, "seconds");
  forecast.bytes_in_flight = spread_in(source, "bytes_in_flight");
  forecast.targets_in_flight = spread_in(source, "targets_in_flight");
  forecast.not_reached = spread_in(source, "not_reached");
  forecast.approvals = source.value("approvals", false);
  forecast.rests = source.value("rests", false);
  const json regions = source.value("regions", json::object());
  for (const auto& [region, own] : regions.items())
    forecast.regions[region] = {own.value("targets", 0), spread_in(own, "seconds")};
  const json servers = source.value("servers", json::object());
  for (const auto& [server, own] : servers.items())
    forecast.servers[server] = {spread_in(own, "targets_at_a_time"), own.value("bytes", std::int64_t{0})};
  for (const json& opening : source.value("windows", json::array()))
    forecast.openings.push_back({opening.value("region", ""), parse_utc(opening.value("open", "")), parse_utc(opening.value("close", "")),
                                 spread_in(opening, "finished"), spread_in(opening, "left"), opening.value("late", 0.0)});
  return forecast;
}

Pace run_pace(const std::vector<EndedTarget>& ended, double shared_spread) {
  std::vector<double> logs, spreads;
  for (const EndedTarget& target : ended) {
    if (target.foretold <= 0 || target.actual <= 0) continue;
    logs.push_back(std::log(target.actual / target.foretold));
    spreads.push_back(target.spread);
  }
  Pace pace{0, shared_spread, static_cast<int>(logs.size())};
  if (logs.empty() || shared_spread <= 0) return pace;
  // The usual weights of what was taken to be and what was seen. A median says about two thirds of what a mean would.
  const double own = std::max(0.05, median(spreads)), count = static_cast<double>(logs.size());
  const double seen = std::pow(own, 2) / std::max(1.0, count * 0.64), before = shared_spread * shared_spread;
  pace.shift = median(logs) * before / (before + seen);
  pace.spread = std::sqrt(before * seen / (before + seen));
  return pace;
}

}  // namespace pgconvoy
