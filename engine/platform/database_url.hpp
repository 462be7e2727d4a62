// URLs of databases as applications write them: libpq's, and those of other drivers that differ in scheme
// (postgis://, postgresql+asyncpg://, jdbc:postgresql://) and parameters (schema, pool_size, ...).
#pragma once

#include <string>

#include "engine/core/error.hpp"
#include "engine/postgres/connection.hpp"

namespace pgconvoy {

bool looks_like_url(const std::string& text);

// The connection in the URL, password included; parameters that libpq doesn't know are left out. The error
// (corrupt) repeats nothing of the text.
Result<ConnectionSpec> parse_database_url(const std::string& server, const std::string& url);

// `old` with host, port, user, password and database of `connection`; scheme and other parameters stay as they are.
// What the old URL gives as a parameter (?host=/run/postgresql) is replaced there. An `old` that is no URL counts as
// empty. The result is a secret.
std::string replace_in_url(const std::string& old, const ConnectionSpec& connection);

}  // namespace pgconvoy
