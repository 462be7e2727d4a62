// What to tell somebody who binds an application by hand.
#pragma once

#include <string>

#include "engine/run/step_context.hpp"

namespace pgconvoy {

// Where an instance's new database is, as a URL for its role: host, port, database, user and sslmode, no password.
Task<Result<std::string>> new_url_of(StepContext& context, std::string instance);

}  // namespace pgconvoy
