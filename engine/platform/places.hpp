// Addresses as people write them, and where the variables of a binding lead.
#pragma once

#include <map>
#include <string>

#include "engine/core/task.hpp"
#include "engine/platform/platform.hpp"

namespace pgconvoy {

// "localhost:5432", "127.0.0.1:5432" and "[::1]:5432" are one place; names aren't looked up.
bool same_address(const std::string& one, const std::string& other);

// The address of a pooler as its clients use it, "127.0.0.1:6432".
std::string address_of(const Pooler& pooler);

// Of each variable of the binding that is set and leads somewhere (part url, host, port or database): where. Variables
// that hold parts lead together to one place. Empty when the controller knows nothing (kind none). Reads only.
Task<Result<std::map<std::string, ConnectionSpec>>> places_of_variables(AppController& controller, Environment environment,
                                                                        Binding binding);

}  // namespace pgconvoy
