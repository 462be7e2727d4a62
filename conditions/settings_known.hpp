#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

// Needs the parts `function_settings` and `setting_catalog` and the inquiry `refused_settings`. Matters to all moves.
std::unique_ptr<Condition> make_settings_known();

}  // namespace pgconvoy
