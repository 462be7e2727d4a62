#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

// Needs the part `connection_room`.
std::unique_ptr<Condition> make_connections_fit();

}  // namespace pgconvoy
