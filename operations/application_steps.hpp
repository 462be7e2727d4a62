// What the steps around an application have in common.
#pragma once

#include <optional>

#include "engine/run/step_context.hpp"

namespace pgconvoy {

// Asks the app until it is healthy or the limit is over (there is no way to be told). Error timeout: what it said last.
Task<Result<void>> wait_until_healthy(StepContext& context, Environment environment, Seconds limit);

// A controller that says "done" is asked whether it is so, for a moment again and again: what shows late isn't a lie.
// Error process: what it claimed, and what it says now. A page that is as it was to be is success, whatever the call said. One that controls nothing (`none`) is believed.
Task<Result<void>> turn_page(StepContext& context, Environment environment, bool on);
Task<Result<void>> stop_application(StepContext& context, Environment environment);

// The error for that. `claimed`: "the maintenance page is on"; `seen`: "it is off".
Error not_as_claimed(const Environment& environment, const std::string& claimed, const std::string& seen);

// Until when what is claimed now must show, and how often one looks.
SteadyTime shows_until(const StepContext& context);
constexpr Seconds kShowsAgain{0.2};

// How long an app that is started on the old database again may take: what `redeploy` says of it, and never less than a
// minute. Who is impatient with the new database has nothing from giving up on the old one: its app waits behind its page.
Seconds patience_on_the_way_back(const StepContext& context, const Environment& environment);

}  // namespace pgconvoy
