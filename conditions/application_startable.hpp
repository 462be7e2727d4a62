#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

// Needs the inquiry `application_host`. Matters to all moves.
std::unique_ptr<Condition> make_application_startable();

}  // namespace pgconvoy
