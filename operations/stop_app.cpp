#include "operations/stop_app.hpp"

#include <fmt/format.h>

#include "engine/plan/in_place.hpp"
#include "operations/application_steps.hpp"
#include "operations/application_work.hpp"

namespace pgconvoy {
namespace {

struct StopIntent {
  bool was_running = false;
  bool pause = true;
};
struct StopOutcome {
  bool stopped = true;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(StopIntent, was_running, pause)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(StopOutcome, stopped)

class StopApp final : public TypedOperation<StopIntent, StopOutcome> {
 public:
  std::string name() const override { return "stop_app"; }
  std::string summary() const override { return "Stops the application from writing, behind its page."; }
  Subject subject() const override { return Subject::environment; }
  std::vector<Parameter> parameters() const override {
    return {{"pause", Parameter::Type::boolean, true,
             "False leaves the app running behind its page; the fence still keeps it from writing."}};
  }
  Estimate estimate(const EstimateInput& input) const override { return work_on_application(input, 0.3); }

  Task<Result<StopIntent>> plan_effect(StepContext& context) override {
    const Environment& environment = context.environment();
    StopIntent intent;
    intent.pause = context.arguments().value("pause", true);
    CO_TRY(intent.was_running, co_await context.controller(environment).is_running(environment));
    co_return intent;
  }
  Task<Result<StopOutcome>> effect(StepContext& context, StopIntent intent) override {
    const Environment& environment = context.environment();
    StopOutcome left;
    left.stopped = false;
    if (!intent.pause) co_return left;
    CO_TRY_VOID(co_await stop_application(context, environment));
    StopOutcome outcome;
    co_return outcome;
  }
  Task<Result<Seen>> look(StepContext& context, StopIntent) override {
    const Environment& environment = context.environment();
    CO_TRY(const bool running, co_await context.controller(environment).is_running(environment));
    Seen seen;
    seen.verdict = running ? Probe::Verdict::absent : Probe::Verdict::done;
    seen.detail = running ? "the app is running" : "the app is stopped";
    co_return seen;
  }
  Task<Result<std::string>> take_back(StepContext& context, StopIntent intent, std::optional<StopOutcome>) override {
    const Environment& environment = context.environment();
    AppController& controller = context.controller(environment);
    if (!controller.controls_application()) co_return std::string("the app is not ours to start");
    if (!intent.was_running) co_return std::string("the app was not running before");
    CO_TRY_VOID(co_await controller.start(context.identity(), environment));
    auto healthy = co_await wait_until_healthy(context, environment, patience_on_the_way_back(context, environment));
    const bool moves = !is_in_place(context.work.plan.requirements);
    if (!healthy) co_return std::move(healthy).error().within(moves ? "started again on the old database" : "started again");
    co_return fmt::format("the app of {} is healthy{}", environment.id, moves ? " on the old database" : " again");
  }
};

}  // namespace

std::unique_ptr<Operation> make_stop_app() { return std::make_unique<StopApp>(); }

}  // namespace pgconvoy
