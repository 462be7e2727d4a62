// What the sessions of a step that builds indexes on its instance's target server may take there.
#pragma once

#include "engine/plan/restore_memory.hpp"
#include "engine/run/step_context.hpp"

namespace pgconvoy {

// REQUIRES: the step knows `jobs` and `restore_memory`. None where the server's settings aren't known: it builds with its own then.
std::optional<RestoreShare> build_memory(const StepContext& context, const std::string& server);

}  // namespace pgconvoy
