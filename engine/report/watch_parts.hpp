// Single rows of the full screen. Pure; only watch_screen.cpp calls them.
#pragma once

#include "engine/report/watch_screen.hpp"

namespace pgconvoy::report {

ScreenRow title_row(const WatchState& state, const WatchView& view);

// Targets of a region that succeeded in the last ten minutes, or since the run began, by minute.
std::map<std::string, double> rates_of(const WatchState& state, WallTime now);

// `rest`: "12:04-15:30 to go"; "": not known.
ScreenRow lane_row(const std::string& name, const ProgressBoard::Lane& lane, double rate, const std::string& rest, std::size_t name_width, std::size_t columns);
std::string rest_of(const WatchState& state, const std::string& region);

ScreenRow target_row(const WatchState& state, const WatchView& view, int number, std::size_t name_width);

}  // namespace pgconvoy::report
