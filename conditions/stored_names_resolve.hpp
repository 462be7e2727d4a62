#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

// Needs the part `name_columns` and the inquiry `stored_names`.
std::unique_ptr<Condition> make_stored_names_resolve();

}  // namespace pgconvoy
