// The target server has no database of the same name yet.
#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

std::unique_ptr<Condition> make_target_database_absent();

}  // namespace pgconvoy
