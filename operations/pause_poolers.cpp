#include "operations/pause_poolers.hpp"

#include <fmt/format.h>

#include "operations/poolers.hpp"

namespace pgconvoy {
namespace {

struct PauseOutcome {
  int paused = 0;  // aliases
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(PauseOutcome, paused)

// A plan has it only for instances with poolers (expand).
class PausePoolers final : public TypedOperation<PauseIntent, PauseOutcome> {
 public:
  std::string name() const override { return "pause_poolers"; }
  std::string summary() const override {
    return "Lets the clients of the poolers in between wait until the poolers lead to the new database.";
  }
  Subject subject() const override { return Subject::instance; }
  std::vector<Parameter> parameters() const override {
    return {{"pause", Parameter::Type::boolean, true,
             "False leaves the poolers as they are; their clients get errors as long as the fence holds, and some seconds more."},
            {"drain_timeout", Parameter::Type::duration, 10, "How long open transactions may go on before their clients' connections are ended."}};
  }
  Estimate estimate(const EstimateInput&) const override { return {0.2, false}; }

  Task<Result<PauseIntent>> plan_effect(StepContext& context) override {
    PauseIntent intent;
    if (!context.arguments().value("pause", true)) co_return intent;
    for (const auto& [pooler, alias] : context.poolers_of(context.instance().id)) {
      CO_TRY(const PoolerFacts now, co_await context.services.poolers.of(*pooler).inspect(*pooler, alias));
      intent.aliases.push_back({pooler->id, alias, now.paused});
    }
    co_return intent;
  }

  Task<Result<PauseOutcome>> effect(StepContext& context, PauseIntent intent) override {
    const Seconds drain(context.arguments().value("drain_timeout", 10.0));
    PauseOutcome outcome;
    for (const PausedAlias& each : intent.aliases) {
      const Pooler& pooler = context.fleet().poolers.at(each.pooler);
      CO_TRY_VOID(co_await context.services.poolers.of(pooler).pause(context.identity(), pooler, each.alias, drain));
      ++outcome.paused;
    }
    co_return outcome;
  }

  Task<Result<Seen>> look(StepContext& context, PauseIntent intent) override {
    Seen seen;
    bool ours = false;
    for (const PausedAlias& each : intent.aliases) {
      const Pooler& pooler = context.fleet().poolers.at(each.pooler);
      CO_TRY(const PoolerFacts now, co_await context.services.poolers.of(pooler).inspect(pooler, each.alias));
      seen.outcome.paused += now.paused;
      ours |= now.paused && !each.was_paused;
    }
    seen.detail = fmt::format("{} of {} aliases are paused", seen.outcome.paused, intent.aliases.size());
    // One that is paused may still be draining, so this is never done. Ours are resumed before anybody looks anew: the
    // next intent would take them for paused by somebody else.
    seen.verdict = ours ? Probe::Verdict::partial : Probe::Verdict::absent;
    co_return seen;
  }

  Task<Result<std::string>> take_back(StepContext& context, PauseIntent intent, std::optional<PauseOutcome>) override {
    int resumed = 0;
    for (const PausedAlias& each : intent.aliases) {
      if (each.was_paused) continue;
      const Pooler& pooler = context.fleet().poolers.at(each.pooler);
      CO_TRY_VOID(co_await context.services.poolers.of(pooler).resume(context.identity(), pooler, each.alias));
      ++resumed;
    }
    co_return fmt::format("clients go on: {} of {} aliases resumed, the others were paused before", resumed, intent.aliases.size());
  }
};

}  // namespace

std::unique_ptr<Operation> make_pause_poolers() { return std::make_unique<PausePoolers>(); }

}  // namespace pgconvoy
