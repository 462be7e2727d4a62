#include "operations/page_on.hpp"

#include "engine/run/step_context.hpp"
#include "operations/application_steps.hpp"

namespace pgconvoy {
namespace {

struct PageIntent {
  bool was_on = false;
};
struct PageOutcome {
  bool on = true;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(PageIntent, was_on)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(PageOutcome, on)

class PageOn final : public TypedOperation<PageIntent, PageOutcome> {
 public:
  std::string name() const override { return "page_on"; }
  std::string summary() const override { return "Turns the maintenance page of an environment on."; }
  Subject subject() const override { return Subject::environment; }
  // max_pause is kept with the step that begins the pause; the runner reads it from there.
  std::vector<Parameter> parameters() const override {
    return {{"max_pause", Parameter::Type::duration, 0,
             "Longest pause before the pivot; 0 takes the environment's downtime budget."}};
  }
  Estimate estimate(const EstimateInput&) const override { return {0.02, false}; }

  Task<Result<PageIntent>> plan_effect(StepContext& context) override {
    const Environment& environment = context.environment();
    PageIntent intent;
    CO_TRY(intent.was_on, co_await context.controller(environment).page_is_on(environment));
    co_return intent;
  }
  Task<Result<PageOutcome>> effect(StepContext& context, PageIntent) override {
    const Environment& environment = context.environment();
    CO_TRY_VOID(co_await turn_page(context, environment, true));
    PageOutcome outcome;
    co_return outcome;
  }
  Task<Result<Seen>> look(StepContext& context, PageIntent intent) override {
    const Environment& environment = context.environment();
    CO_TRY(const bool on, co_await context.controller(environment).page_is_on(environment));
    Seen seen;
    seen.verdict = on ? Probe::Verdict::done : Probe::Verdict::absent;
    seen.detail = on ? "the page is on" : "the page is off";
    if (!context.controller(environment).controls_application()) seen.verdict = Probe::Verdict::done;
    (void)intent;
    co_return seen;
  }
  Task<Result<std::string>> take_back(StepContext& context, PageIntent intent, std::optional<PageOutcome>) override {
    const Environment& environment = context.environment();
    if (intent.was_on) co_return std::string("the page was on before and stays on");
    CO_TRY_VOID(co_await turn_page(context, environment, false));
    co_return std::string("the page is off");
  }
};

}  // namespace

std::unique_ptr<Operation> make_page_on() { return std::make_unique<PageOn>(); }

}  // namespace pgconvoy
