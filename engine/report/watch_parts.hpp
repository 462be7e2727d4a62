// Single rows of the full screen. Pure; only watch_screen.cpp calls them.
#pragma once

#include "engine/report/watch_screen.hpp"

namespace pgconvoy::report {

ScreenRow title_row(const WatchState& state, const WatchView& view);

// Targets of a region that succeeded in the last ten minutes, or since the run began, by minute.
std::map<std::string, double> rates_of(const WatchState& state, WallTime now);

struct LaneLine {
  std::string name;
  ProgressBoard::Lane lane;
  double rate = 0;   // targets in a minute
  std::string rest;  // "12:04-15:30 to go"; "": not known
};
std::vector<ScreenRow> lane_rows(const std::vector<LaneLine>& lines, std::size_t name_width, std::size_t columns);
std::string rest_of(const WatchState& state, const std::string& region);

// Columns of what is in flight, on a narrow screen: the operation gets what the others leave it.
struct FlightWidths {
  std::size_t operation = 0, time = 0, progress = 0;
};
FlightWidths flight_widths(const WatchState& state, const WatchView& view, const std::vector<int>& numbers, std::size_t name_width);

ScreenRow target_row(const WatchState& state, const WatchView& view, int number, std::size_t name_width, const FlightWidths& widths);

}  // namespace pgconvoy::report
