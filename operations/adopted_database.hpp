// An empty database that was made on the target server beforehand: taken for the new one, and given back.
#pragma once

#include <string>

#include "engine/core/task.hpp"
#include "engine/run/step_context.hpp"
#include "operations/handles.hpp"

namespace pgconvoy {

// What is there under the instance's name on its target server, and whether it can be adopted. Reads only. Error
// refused when it can't, with what is in the way.
Task<Result<DatabaseFacts>> find_adoptable(StepContext& context, std::string server);

// Renames exactly the database with the intent's oid to the temporary name, takes its settings, limit and privileges
// away as a new one has none, and looks once more that it is empty. Error conflict when somebody put something into it
// in between. May be repeated. REQUIRES: intent.adopted_oid, intent.adopted.
Task<Result<void>> adopt_database(StepContext& context, ReprovisionIntent intent);

// The way back, from wherever a process ended: the database under its own name with its own properties. Before
// `complete` nothing of ours was in it, and whatever is in it stays. After it, what is in it was restored by us: then it is
// dropped and made anew, with another oid. May be repeated; returns a detail for people.
Task<Result<std::string>> give_back_database(StepContext& context, ReprovisionIntent intent, bool complete);

}  // namespace pgconvoy
