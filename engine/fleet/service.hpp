// What the name of a service says.
#pragma once

#include <string_view>

namespace pgconvoy {

// The major version that a service's name ends with: 15 of "postgresql-database-15". 0: it ends with no number, or with
// one of more than three digits, which is no version of PostgreSQL. Pure.
int major_of_service(std::string_view service);

}  // namespace pgconvoy
