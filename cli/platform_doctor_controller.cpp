// The verbs of an app controller.
#include <fmt/format.h>

#include "cli/platform_doctor.hpp"

namespace pgconvoy::cli {
namespace {

constexpr Seconds kPatience{30};  // for an application to become healthy again

// What was seen before anything was changed.
struct Before {
  bool running = false, page = false, healthy = false;
};

Task<std::optional<Before>> test_reading(PlatformProbe& probe, AppController& controller, Environment environment, std::string what) {
  Before before;
  auto facts = co_await controller.inspect(environment);
  if (!probe.passed(what + ": inspect", facts)) co_return std::nullopt;
  probe.good(what + ": inspect", fmt::format("{}, {}, page {}", facts->running ? "runs" : "is stopped",
                                             facts->healthy ? "healthy" : "not healthy", facts->page_is_on ? "on" : "off"));
  auto page = co_await controller.page_is_on(environment);
  auto running = co_await controller.is_running(environment);
  auto health = co_await controller.health(environment);
  if (!probe.passed(what + ": page_is_on", page) || !probe.passed(what + ": is_running", running) ||
      !probe.passed(what + ": health", health))
    co_return std::nullopt;
  before = {*running, *page, health->healthy};
  const bool agree = *page == facts->page_is_on && *running == facts->running && health->healthy == facts->healthy;
  if (agree)
    probe.good(what + ": page_is_on, is_running, health", "as inspect says");
  else
    probe.bad(what + ": page_is_on, is_running, health", "they say other things than inspect", "let all four look in the same place");
  for (const Binding& binding : environment.bindings) {
    if (binding.variables.empty()) continue;
    auto connection = co_await controller.read_binding(environment, binding);
    const std::string of = fmt::format("{}: read_binding {}", what, binding.instance);
    if (probe.passed(of, connection)) probe.good(of, "leads to " + connection->address());
  }
  co_return before;
}

// The same call twice: both must succeed, and `holds` afterwards.
Task<bool> twice(PlatformProbe& probe, std::string what, std::function<Task<Result<void>>()> call,
                 std::function<Task<Result<bool>>()> look, bool wanted) {
  for (int time = 1; time <= 2; ++time) {
    auto done = co_await call();
    if (!done) {
      probe.bad(what, fmt::format("{}{}", time == 2 ? "the second time: " : "", done.error().message),
                time == 2 ? "what is already as it was asked for is success" : done.error().remedy);
      co_return false;
    }
    auto seen = co_await look();
    if (!probe.passed(what, seen)) co_return false;
    if (*seen == wanted) continue;
    probe.bad(what, "it said that it was done, but it isn't so", "answer when it is done, not when it was begun");
    co_return false;
  }
  probe.good(what, "twice, and it is so");
  co_return true;
}

Task<bool> test_binding(PlatformProbe& probe, AppController& controller, Environment environment, Binding binding, std::string what) {
  auto held = co_await controller.read_binding(environment, binding);
  if (!probe.passed(what, held)) co_return false;
  auto written = co_await controller.write_binding(probe.at_epoch(2, "write_binding"), environment, binding, *held);
  if (!probe.passed(what, written)) co_return false;
  auto after = co_await controller.read_binding(environment, binding);
  if (!probe.passed(what, after)) co_return false;
  if (after->keywords != held->keywords || !(after->password == held->password)) {
    probe.bad(what, "what was written is not what is read afterwards", "keep the values as they come, byte by byte");
    co_return false;
  }
  probe.good(what, "the same values, and they are read again");
  co_return true;
}

Task<bool> becomes_healthy(AppController& controller, Environment environment) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::steady_clock::duration>(kPatience);
  for (;;) {
    auto health = co_await controller.health(environment);
    if (health && health->healthy) co_return true;
    if (std::chrono::steady_clock::now() > until) co_return false;
    co_await sleep_for(Seconds(0.2));
  }
}

Task<bool> test_changing(PlatformProbe& probe, AppController& controller, Environment environment, std::string what, bool healthy) {
  const auto call = [&](auto verb, int epoch, const char* name) -> std::function<Task<Result<void>>()> {
    return [&probe, &controller, &environment, verb, epoch, name] {
      return (controller.*verb)(probe.at_epoch(epoch, name), environment);
    };
  };
  const std::function<Task<Result<bool>>()> page = [&] { return controller.page_is_on(environment); };
  const std::function<Task<Result<bool>>()> runs = [&] { return controller.is_running(environment); };
  if (!co_await twice(probe, what + ": page_on", call(&AppController::page_on, 2, "page_on"), page, true)) co_return false;
  if (!co_await twice(probe, what + ": stop", call(&AppController::stop, 2, "stop"), runs, false)) co_return false;
  for (const Binding& binding : environment.bindings)
    if (!binding.variables.empty())
      if (!co_await test_binding(probe, controller, environment, binding, fmt::format("{}: write_binding {}", what, binding.instance)))
        co_return false;
  if (!co_await twice(probe, what + ": start", call(&AppController::start, 2, "start"), runs, true)) co_return false;
  if (healthy && !co_await becomes_healthy(controller, environment)) {
    probe.bad(what + ": health", fmt::format("it was healthy before, and isn't {} after its start", format_duration(kPatience)),
              "health is to be asked behind the maintenance page");
    co_return false;
  }
  auto lower = co_await controller.page_off(probe.at_epoch(1, "page_off"), environment);
  probe.judge_lower_epoch(what + ": lower epoch", lower);
  auto still_on = co_await controller.page_is_on(environment);
  if (!lower && still_on && !*still_on)
    probe.bad(what + ": lower epoch", "the page went off although the call was refused", "look at the epoch first");
  co_return co_await twice(probe, what + ": page_off", call(&AppController::page_off, 2, "page_off"), page, false);
}

}  // namespace

Task<void> test_controller(PlatformProbe& probe, Environment environment, bool changes) {
  auto controller = make_exec_controller(probe.services.processes, probe.log);
  const std::string what = "environment " + environment.id;
  const auto before = co_await test_reading(probe, *controller, environment, what);
  if (!before || !changes) co_return;
  if (before->page || !before->running) {
    probe.bad(what + ": changes", "not tested: its page is on, or it doesn't run", "take an environment that is in service");
    co_return;
  }
  if (co_await test_changing(probe, *controller, environment, what, before->healthy)) co_return;
  // As it was, whatever the program did.
  auto started = co_await controller->start(probe.at_epoch(3, "start"), environment);
  auto shown = co_await controller->page_off(probe.at_epoch(3, "page_off"), environment);
  if (!started || !shown)
    probe.bad(what + ": as before", (started ? shown : started).error().message, "the application may be stopped or hidden: look at it now");
}

}  // namespace pgconvoy::cli
