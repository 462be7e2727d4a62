// Asks an application over HTTP how it is.
#pragma once

#include <string>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/core/secret.hpp"
#include "engine/core/task.hpp"
#include "engine/platform/platform.hpp"

namespace pgconvoy {

// GET of an http or https URL, on the loop, all of it within `limit`. 200 is healthy; any other status, no answer and
// no certificate that we trust are not, and the detail says which, without `hidden` (traces_of()), which the application may
// print. usage when the URL can't be one.
Task<Result<Health>> ask_health(std::string url, Seconds limit, std::vector<Secret> hidden);

}  // namespace pgconvoy
