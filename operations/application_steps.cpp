#include "operations/application_steps.hpp"

#include <fmt/format.h>

#include <algorithm>

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

Seconds patience_on_the_way_back(const StepContext& context, const Environment& environment) {
  Seconds patience(60);
  for (const StepPlan& planned : context.work.planned.steps)
    if ((planned.operation == "redeploy" || planned.operation == "start_app") && planned.subject == environment.id)
      patience = std::max(patience, Seconds(planned.arguments.value("health_timeout", 0.0)));
  return patience;
}

SteadyTime shows_until(const StepContext& context) {
  constexpr Seconds kShowsWithin{3};
  return context.services.clock.steady() + std::chrono::duration_cast<std::chrono::steady_clock::duration>(kShowsWithin);
}

Error not_as_claimed(const Environment& environment, const std::string& claimed, const std::string& seen) {
  return Error(ErrorKind::process,
               fmt::format("the controller of environment {} said that {}; asked again, {}", environment.id, claimed, seen),
               environment.controller.kind == "exec"
                   ? fmt::format("mend its program (pgconvoy doctor --platform --environment {} --changes tests it)", environment.id)
                   : "somebody else may be changing it at the same time");
}

Task<Result<void>> turn_page(StepContext& context, Environment environment, bool on) {
  AppController& controller = context.controller(environment);
  Result<void> asked;
  if (on)
    asked = co_await controller.page_on(context.identity(), environment);
  else
    asked = co_await controller.page_off(context.identity(), environment);
  if (!controller.controls_application()) co_return asked;
  if (!asked) {
    // Who is refused for his epoch is not the one to whom the page belongs, however it is.
    if (asked.error().kind == ErrorKind::conflict || asked.error().kind == ErrorKind::refused) co_return asked.error();
    // Its answer was lost, or it failed after it had done it: users may be on the new database already.
    auto is_on = co_await controller.page_is_on(environment);
    if (is_on && *is_on == on) co_return Result<void>();
    co_return asked.error();
  }
  for (const SteadyTime until = shows_until(context);;) {
    CO_TRY(const bool is_on, co_await controller.page_is_on(environment));
    if (is_on == on) co_return Result<void>();
    if (context.services.clock.steady() >= until) break;
    co_await sleep_for(kShowsAgain);
  }
  co_return not_as_claimed(environment, on ? "the maintenance page is on" : "the maintenance page is off",
                           on ? "it is off" : "it is on");
}

Task<Result<void>> stop_application(StepContext& context, Environment environment) {
  AppController& controller = context.controller(environment);
  CO_TRY_VOID(co_await controller.stop(context.identity(), environment));
  if (!controller.controls_application()) co_return Result<void>();
  for (const SteadyTime until = shows_until(context);;) {
    CO_TRY(const bool running, co_await controller.is_running(environment));
    if (!running) co_return Result<void>();
    if (context.services.clock.steady() >= until) break;
    co_await sleep_for(kShowsAgain);
  }
  co_return not_as_claimed(environment, "the app has stopped", "it is running");
}

}  // namespace pgconvoy
