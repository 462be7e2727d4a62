#include "operations/poolers.hpp"

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(PausedAlias, pooler, alias, was_paused)
PGCONVOY_JSON_FIELDS(PauseIntent, aliases)

namespace {

std::vector<PausedAlias> held_back(const StepContext& context, const std::string& instance) {
  std::vector<PausedAlias> ours;
  if (auto intent = context.intent<PauseIntent>("pause_poolers", instance))
    for (PausedAlias& alias : intent->aliases)
      if (!alias.was_paused) ours.push_back(std::move(alias));
  return ours;
}

Seconds drain_time(const StepContext& context, const std::string& instance) {
  for (const StepPlan& planned : context.work.planned.steps)
    if (planned.operation == "pause_poolers" && planned.subject == instance)
      return Seconds(planned.arguments.value("drain_timeout", 10.0));
  return Seconds(10);
}

}  // namespace

Task<Result<int>> pause_aliases_of(StepContext& context, std::string instance) {
  int paused = 0;
  for (const PausedAlias& each : held_back(context, instance)) {
    const Pooler& pooler = context.fleet().poolers.at(each.pooler);
    auto done = co_await context.services.poolers.of(pooler).pause(context.identity(), pooler, each.alias, drain_time(context, instance));
    // Days later the site may have taken the alias away: then nobody comes through it, and the fence holds either way.
    if (!done && done.error().kind != ErrorKind::not_found) co_return done.error();
    paused += done.has_value();
  }
  co_return paused;
}

Task<Result<int>> resume_aliases_of(StepContext& context, std::string instance) {
  int resumed = 0;
  for (const PausedAlias& each : held_back(context, instance)) {
    const Pooler& pooler = context.fleet().poolers.at(each.pooler);
    CO_TRY_VOID(co_await context.services.poolers.of(pooler).resume(context.identity(), pooler, each.alias));
    ++resumed;
  }
  co_return resumed;
}

bool is_bound_by_hand(const StepContext& context, const Environment& environment, const Binding& binding) {
  if (context.controller(environment).controls_application()) return false;
  return binding.poolers.empty() || !binding.variables.empty();
}

}  // namespace pgconvoy
