#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

// Needs the inquiry `broken_constraints`. Parameter time_budget.
std::unique_ptr<Condition> make_rows_keep_their_constraints();

}  // namespace pgconvoy
