#include "operations/build_memory.hpp"

namespace pgconvoy {

std::optional<RestoreShare> build_memory(const StepContext& context, const std::string& server) {
  const auto facts = context.work.facts.servers.find(server);
  const auto budget = asked_restore_memory(context.arguments());  // the plan has looked at it
  if (facts == context.work.facts.servers.end() || !budget) return std::nullopt;
  const int jobs = std::max(1, static_cast<int>(context.arguments().value("jobs", 1.0)));
  return restore_share(facts->second, *budget, builders_at_a_time(context.work.plan, server, jobs, context.step.while_paused));
}

}  // namespace pgconvoy
