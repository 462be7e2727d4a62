#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

// Needs the inquiry `evaluated_expressions`. Parameter time_budget.
std::unique_ptr<Condition> make_expressions_stand_alone();

}  // namespace pgconvoy
