#include "operations/start_app.hpp"

#include <fmt/format.h>

#include "operations/application_steps.hpp"
#include "operations/application_work.hpp"

namespace pgconvoy {
namespace {

struct StartIntent {
  bool controlled = true;  // false: somebody else starts it
};
struct StartOutcome {
  std::string health;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(StartIntent, controlled)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(StartOutcome, health)

class StartApp final : public TypedOperation<StartIntent, StartOutcome> {
 public:
  std::string name() const override { return "start_app"; }
  std::string summary() const override { return "Starts the application again, its database where it was, and waits until it is healthy, the page still up."; }
  Subject subject() const override { return Subject::environment; }
  std::vector<Parameter> parameters() const override {
    return {{"health_timeout", Parameter::Type::duration, 60, "How long the application may take until it is healthy."}};
  }
  Estimate estimate(const EstimateInput& input) const override { return work_on_application(input, 1.5); }

  Task<Result<StartIntent>> plan_effect(StepContext& context) override {
    StartIntent intent;
    intent.controlled = context.controller(context.environment()).controls_application();
    co_return intent;
  }
  Task<Result<StartOutcome>> effect(StepContext& context, StartIntent intent) override {
    const Environment& environment = context.environment();
    StartOutcome outcome;
    outcome.health = "not ours to see: whoever runs it has to restart it";
    if (!intent.controlled) co_return outcome;
    // Whatever runs was not started by this step: it may hold what was there before.
    CO_TRY_VOID(co_await stop_application(context, environment));
    CO_TRY_VOID(co_await context.controller(environment).start(context.identity(), environment));
    const Seconds limit(context.arguments().value("health_timeout", 60.0));
    auto healthy = co_await wait_until_healthy(context, environment, limit);
    if (!healthy) co_return std::move(healthy).error().within("started again");
    outcome.health = "healthy";
    co_return outcome;
  }
  Task<Result<Seen>> look(StepContext& context, StartIntent intent) override {
    Seen seen;
    seen.verdict = Probe::Verdict::absent;
    if (!intent.controlled) co_return seen;
    const Environment& environment = context.environment();
    CO_TRY(const bool running, co_await context.controller(environment).is_running(environment));
    seen.detail = running ? "the app is running" : "the app is stopped";
    co_return seen;
  }
  Task<Result<std::string>> take_back(StepContext& context, StartIntent intent, std::optional<StartOutcome>) override {
    if (!intent.controlled) co_return std::string("the app is not ours to stop");
    const Environment& environment = context.environment();
    CO_TRY_VOID(co_await stop_application(context, environment));
    co_return std::string("the app is stopped");
  }
};

}  // namespace

std::unique_ptr<Operation> make_start_app() { return std::make_unique<StartApp>(); }

}  // namespace pgconvoy
