#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

// Needs the part `code` and the inquiry `load_order`.
std::unique_ptr<Condition> make_no_hidden_load_order();

}  // namespace pgconvoy
