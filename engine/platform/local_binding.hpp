// A binding in an environment file: from variables to a connection and back. Pure.
#pragma once

#include <map>
#include <string>

#include "engine/core/error.hpp"
#include "engine/fleet/fleet.hpp"
#include "engine/platform/env_file.hpp"
#include "engine/postgres/connection.hpp"

namespace pgconvoy {

// From the first variable that holds a URL, completed by those that hold single parts. `where` ("environment shop:
// /srv/shop/env") stands in front of errors: not_found when no variable is set, corrupt when a URL can't be read.
Result<ConnectionSpec> read_from(const EnvFile& file, const Binding& binding, const std::string& where);

// Sets every variable of the binding. A URL that leads there already stays byte by byte.
Result<void> write_into(EnvFile& file, const Binding& binding, const ConnectionSpec& connection,
                        const std::string& where);

// For ApplicationFacts::bound_to: variable -> "127.0.0.1:5433/shop", a host, a port or a database's name. Variables
// with user and password are left out.
std::map<std::string, std::string> places_in(const EnvFile& file, const Binding& binding);

}  // namespace pgconvoy
