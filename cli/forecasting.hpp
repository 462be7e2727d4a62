// What plan and run have in common of the forecast: estimates learnt from the journal, and the simulated run.
#pragma once

#include <string>
#include <vector>

#include "cli/options.hpp"
#include "engine/plan/cost.hpp"
#include "engine/plan/estimate.hpp"
#include "engine/plan/simulate.hpp"

namespace pgconvoy::cli {

// Of the journal's runs; as shipped when there is no journal yet, or nothing in it to learn from. Reads only.
Result<EstimateModel> learn_estimates(const GlobalOptions& globals);

// How the plan's forecast is simulated: begun now, drawn by the plan's own seed.
SimulationRequest simulation_of(const Plan& plan, WallTime now);

// Puts the forecast into the plan, with what its estimates were learnt from.
void foretell_run(Plan& plan, const EstimateModel& model, WallTime now);

// Error usage with every problem of the file in its place.
Result<PriceBook> read_prices(const std::string& file);

}  // namespace pgconvoy::cli
