// What the steps around an application have in common.
#pragma once

#include <optional>

#include "engine/run/step_context.hpp"

namespace pgconvoy {

// Asks the app until it is healthy or the limit is over (there is no way to be told). Error timeout: what it said last.
Task<Result<void>> wait_until_healthy(StepContext& context, Environment environment, Seconds limit);

// The longest time an app may take to become healthy, when a step does not say otherwise.
constexpr Seconds kHealthTimeout{60};

}  // namespace pgconvoy
