#include "operations/application_steps.hpp"

#include <fmt/format.h>

namespace pgconvoy {

Task<Result<void>> wait_until_healthy(StepContext& context, Environment environment, Seconds limit) {
  AppController& controller = context.controller(environment);
  const SteadyTime deadline =
      context.services.clock.steady() + std::chrono::duration_cast<std::chrono::steady_clock::duration>(limit);
  std::string last = "no answer";
  for (Seconds pause{0.05};; pause = std::min(pause * 1.5, Seconds(1))) {
    auto health = co_await controller.health(environment);
    if (health && health->healthy) co_return Result<void>();
    last = health ? health->detail : describe(health.error());
    if (context.services.clock.steady() >= deadline) break;
    co_await sleep_for(pause);
  }
  co_return Error(ErrorKind::timeout, fmt::format("the app of environment {} is not healthy after {}: {}", environment.id,
                                                  format_duration(limit), last));
}

}  // namespace pgconvoy
