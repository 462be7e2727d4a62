// The way back from a new database, whoever goes it: an undo, or the end of a rehearsal.
#pragma once

#include <optional>
#include <string>

#include "engine/run/step_context.hpp"
#include "operations/handles.hpp"

namespace pgconvoy {

// Drops exactly the database that reprovision_collected_instances made (or gives an adopted one back), the roles that were made
// for it as far as no other target of the run needs them, and the administrator's memberships in them. Tolerates that none,
// part or all of it is there; may be repeated. Returns a detail for people. `outcome`: none when the step did not end.
Task<Result<std::string>> remove_new_database(StepContext& context, ReprovisionIntent intent, std::optional<ReprovisionOutcome> outcome);

}  // namespace pgconvoy
