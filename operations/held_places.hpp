// Where an application's variables and its poolers' aliases lead, to be led to the new database and, by an undo, back: exactly as they were, one by
// one. User and password of the application stay what they are; no secret is held. All of the step's instance.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/run/step_context.hpp"

namespace pgconvoy {

// Where a variable led before: no user, no password.
struct HeldPlace {
  std::string environment, instance, variable, part;
  std::map<std::string, std::string> keywords;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(HeldPlace, environment, instance, variable, part, keywords)

// Where a pooler's alias led before.
struct HeldAlias {
  std::string pooler, alias, host, port, database;
  PoolerPlace place() const { return {host, port, database}; }
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(HeldAlias, pooler, alias, host, port, database)

// How many of those that were led lead there now.
struct LedThere {
  int there = 0, all = 0;
};

// Of the variables of its bindings that are set and lead to the database itself, not to a pooler. Reads only. Error not_found: none is set where some
// should be.
Task<Result<std::vector<HeldPlace>>> places_held(StepContext& context);
// Of the poolers between. Reads only.
Task<Result<std::vector<HeldAlias>>> aliases_held(StepContext& context);

// Leads those that are held to `place`, and asks until it is so. Returns how many bindings were written. May be repeated.
Task<Result<int>> lead_variables(StepContext& context, std::vector<HeldPlace> held, ConnectionSpec place);
// Returns how many. May be repeated.
Task<Result<int>> lead_aliases(StepContext& context, std::vector<HeldAlias> aliases, ConnectionSpec place);

Task<Result<LedThere>> look_at_bindings(StepContext& context, std::vector<HeldPlace> held, ConnectionSpec place);
Task<Result<LedThere>> look_at_aliases(StepContext& context, std::vector<HeldAlias> aliases, ConnectionSpec place);

// As they were before. Returns how many variables had to be changed for it; what somebody took away since stays away. May be repeated.
Task<Result<int>> give_variables_back(StepContext& context, std::vector<HeldPlace> held);
Task<Result<void>> give_aliases_back(StepContext& context, std::vector<HeldAlias> aliases);

}  // namespace pgconvoy
