// Each database to move exists, is an ordinary one, and can be connected to.
#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

std::unique_ptr<Condition> make_source_database_ready();

}  // namespace pgconvoy
