#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

// Needs the parts `authentication`, `client_sessions`, `image_clients` and, of the target server, `access_rules`; the last
// two may be missing. Argument: authentication (engine/facts/authentication_policy.hpp).
std::unique_ptr<Condition> make_client_speaks_target_authentication();

}  // namespace pgconvoy
