#include "operations/page_off.hpp"

#include "engine/run/step_context.hpp"
#include "operations/application_steps.hpp"

namespace pgconvoy {
namespace {

struct Nothing {};
void to_json(json& target, const Nothing&) { target = json::object(); }
void from_json(const json&, Nothing&) {}

class PageOff final : public TypedOperation<Nothing, Nothing> {
 public:
  std::string name() const override { return "page_off"; }
  std::string summary() const override { return "Takes the maintenance page of an environment away."; }
  Subject subject() const override { return Subject::environment; }
  Estimate estimate(const EstimateInput&) const override { return {0.02, false}; }

  Task<Result<Nothing>> plan_effect(StepContext&) override { co_return Nothing(); }
  Task<Result<Nothing>> effect(StepContext& context, Nothing) override {
    const Environment& environment = context.environment();
    CO_TRY_VOID(co_await turn_page(context, environment, false));
    co_return Nothing();
  }
  Task<Result<Seen>> look(StepContext& context, Nothing) override {
    const Environment& environment = context.environment();
    CO_TRY(const bool on, co_await context.controller(environment).page_is_on(environment));
    Seen seen;
    seen.verdict = on ? Probe::Verdict::absent : Probe::Verdict::done;
    seen.detail = on ? "the page is on" : "the page is off";
    co_return seen;
  }
  Task<Result<std::string>> take_back(StepContext& context, Nothing, std::optional<Nothing>) override {
    const Environment& environment = context.environment();
    CO_TRY_VOID(co_await turn_page(context, environment, true));
    co_return std::string("the page is on");
  }
};

}  // namespace

std::unique_ptr<Operation> make_page_off() { return std::make_unique<PageOff>(); }

}  // namespace pgconvoy
