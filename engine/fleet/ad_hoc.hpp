// A fleet of two servers, made from a command line: `pgconvoy run --source URL --target URL`.
#pragma once

#include <string>

#include "engine/core/error.hpp"
#include "engine/fleet/fleet.hpp"

namespace pgconvoy {

inline constexpr const char* kSourcePasswordVariable = "PGCONVOY_SOURCE_PASSWORD";
inline constexpr const char* kTargetPasswordVariable = "PGCONVOY_TARGET_PASSWORD";

// Region "default" with the servers "source" and "target" and nothing else; discover adds the databases. The
// password of each comes from its variable above when that is set in our environment, otherwise by libpq's own ways
// (PGPASSWORD, PGPASSFILE, a service file).
// Errors of kind usage: a URL that libpq doesn't understand, one with a password in it (which is not repeated), both
// of the same address, both of the same service. Reads the environment, connects to nothing.
Result<Fleet> ad_hoc_fleet(const std::string& source_url, const std::string& target_url,
                           const std::string& source_service, const std::string& target_service);

}  // namespace pgconvoy
