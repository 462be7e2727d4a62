// What the steps around poolers have in common.
#pragma once

#include <string>
#include <vector>

#include "engine/run/step_context.hpp"

namespace pgconvoy {

struct PausedAlias {
  std::string pooler, alias;
  bool was_paused = false;  // before us: it is left so
};
// Intent of pause_poolers, one per instance.
struct PauseIntent {
  std::vector<PausedAlias> aliases;
};
PGCONVOY_JSON(PausedAlias);
PGCONVOY_JSON(PauseIntent);

// The aliases that pause_poolers holds back for the instance: not those that were paused before; none when it wasn't
// run, or was taken back. Both calls may be repeated; the number of aliases.
Task<Result<int>> pause_aliases_of(StepContext& context, std::string instance);
Task<Result<int>> resume_aliases_of(StepContext& context, std::string instance);

// Whether somebody else has to lead this binding to the new database: the app isn't ours to bind, and it doesn't go
// through poolers alone. (With poolers and no variables it does: the fleet file says so, and the fence holds either way.)
bool is_bound_by_hand(const StepContext& context, const Environment& environment, const Binding& binding);

}  // namespace pgconvoy
