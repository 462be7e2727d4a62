#include "cli/forecasting.hpp"

#include <fmt/format.h>

#include "engine/fleet/nearest.hpp"
#include "engine/run/estimate_history.hpp"

namespace pgconvoy::cli {

Result<EstimateModel> learn_estimates(const GlobalOptions& globals) {
  auto journal = open_journal(globals, OpenMode::read_only);
  if (!journal && journal.error().kind == ErrorKind::not_found) return EstimateModel();
  if (!journal) return journal.error();
  TRY(const std::vector<TargetObservation> observed, read_estimate_history(**journal));
  return calibrate(observed);
}

SimulationRequest simulation_of(const Plan& plan, WallTime now) {
  SimulationRequest request;
  request.from = now;
  request.seed = plan.options.seed + 1;
  return request;
}

void foretell_run(Plan& plan, const EstimateModel& model, WallTime now) {
  plan.forecast = forecast_json(simulate(plan, simulation_of(plan, now)));
  plan.forecast["learnt_from"] = {{"targets", model.targets}, {"runs", model.runs}};
}

Result<PriceBook> read_prices(const std::string& file) {
  LoadedPrices loaded = load_prices(file);
  if (!loaded.problems.empty()) return Error(ErrorKind::usage, format_problems(file, loaded.problems), "examples/prices.yaml is a good one");
  return std::move(loaded.book);
}

}  // namespace pgconvoy::cli
