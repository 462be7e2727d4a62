// What the simulated schedule of a large run costs. See README.md.
//
//   pgconvoy_bench_forecast TARGETS DRAWS THREADS [REGIONS]     prints figures as JSON
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <iostream>

#include "engine/plan/random_draws.hpp"
#include "engine/plan/simulate.hpp"

using namespace pgconvoy;

namespace {

Plan large_plan(int targets, int regions) {
  Plan plan;
  RandomDraws draws(1);
  plan.options.concurrency = 64;
  plan.options.concurrency_per_region = 8;
  plan.options.waves = "3,10,25%,100%";
  plan.contention = 0.4;
  for (int number = 1; number <= targets; ++number) {
    PlannedTarget planned;
    planned.number = number;
    planned.target.id = fmt::format("app-{}-live", number);
    planned.target.region = fmt::format("region-{}", number % regions);
    planned.target.environments = {planned.target.id};
    planned.placements["db"] = {planned.target.region + "-pg13", planned.target.region + "-pg15", ""};
    planned.bytes = static_cast<std::int64_t>(5e7 * std::exp(1.3 * draws.normal()));
    planned.seconds = 3 + static_cast<double>(planned.bytes) / 2e7;
    planned.spread = 0.15;
    planned.shared_spread = 0.1;
    planned.seconds_p90 = planned.seconds * 1.3;
    planned.beside = 6.4;
    plan.fleet.regions[planned.target.region].id = planned.target.region;
    plan.targets.push_back(std::move(planned));
  }
  return plan;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4 && argc != 5) {
    std::cerr << "pgconvoy_bench_forecast TARGETS DRAWS THREADS [REGIONS]\n";
    return 2;
  }
  const Plan plan = large_plan(std::atoi(argv[1]), argc > 4 ? std::atoi(argv[4]) : 10);
  SimulationRequest request;
  request.from = parse_utc("2026-11-29T20:00:00.000Z");
  request.draws = std::atoi(argv[2]);
  request.threads = std::atoi(argv[3]);
  const auto begun = std::chrono::steady_clock::now();
  const Forecast forecast = simulate(plan, request);
  const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  std::cout << json{{"targets", forecast.targets}, {"draws", request.draws}, {"threads", request.threads}, {"seconds", took},
                    {"us_per_start", 1e6 * took / std::max(1, forecast.targets * request.draws)}, {"p50", forecast.seconds.p50}, {"p90", forecast.seconds.p90}}
                   .dump()
            << "\n";
  return 0;
}
