#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

// Needs the inquiry `index_entries` and the part `toast_compression`. Parameter time_budget.
std::unique_ptr<Condition> make_indexes_rebuildable();

}  // namespace pgconvoy
