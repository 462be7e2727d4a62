// Which server each database goes to.
#pragma once

#include <map>
#include <string>

#include "engine/plan/plan.hpp"

namespace pgconvoy {

// Source and target server of each collected instance: the one server of the region that offers the wanted service.
// Error when there is none or more than one. Pure.
Result<std::map<std::string, Placement>> place(const Fleet& fleet, const Target& target, const Requirements& requirements);

}  // namespace pgconvoy
