#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

// Needs the part `lost_rights`.
std::unique_ptr<Condition> make_owners_keep_rights();

}  // namespace pgconvoy
