#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

// Needs the part `code` and the inquiry `extract_indexes`. Matters to moves to 14 or newer.
std::unique_ptr<Condition> make_no_indexes_on_extract();

}  // namespace pgconvoy
