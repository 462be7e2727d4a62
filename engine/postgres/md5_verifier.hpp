// The verifier that old clients need: what PostgreSQL stores for password_encryption = md5.
#pragma once

#include <string>

#include "engine/core/error.hpp"
#include "engine/core/secret.hpp"

namespace pgconvoy {

// "md5" and the digest of password and role name, made by libpq (manual: PQencryptPassword). Error internal when there is
// no memory. Any thread, pure.
Result<Secret> md5_verifier(const Secret& clear, const std::string& role);

}  // namespace pgconvoy
