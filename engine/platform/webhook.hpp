// POST of a JSON document to an address on the web. Blocking, so it is called on the pool.
#pragma once

#include <string>

#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"
#include "engine/core/secret.hpp"

namespace pgconvoy {

// Succeeds with a status of 2xx within `limit`. No redirect is followed; certificates are always verified. `who` begins the
// messages, in which the address never stands: it is a secret at most places. Errors: usage (no http or https address),
// timeout, unreachable, refused (any other status). Not idempotent: what is sent twice is told twice.
Result<void> post_webhook(const Secret& address, const std::string& body, Seconds limit, const std::string& who);

}  // namespace pgconvoy
