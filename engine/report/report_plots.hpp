// The plots of a run's HTML report: inline SVG whose colours the page's own style gives (kPlotStyle), so that they suit light, dark
// and paper. However many targets there are, a plot stays small. Pure.
#pragma once

#include <string>

#include "engine/report/run_outline.hpp"

namespace pgconvoy::report {

extern const char* const kPlotStyle;  // CSS

// Each gives "" where there is nothing to see.
std::string plot_of_sizes(const RunSummary& summary);           // duration of each target over the size of its databases
std::string plot_of_timeline(const RunOutline& outline);        // when each was under way, and paused; of many: how many at a time
std::string plot_of_pauses(const RunSummary& summary);          // how many were paused for how long
std::string plot_of_forecast(const RunSummary& summary);        // actual against foretold
std::string plot_of_causes(const RunSummary& summary);          // failures by cause

}  // namespace pgconvoy::report
