#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

// Needs the part `wal_room`.
std::unique_ptr<Condition> make_wal_fits();

}  // namespace pgconvoy
