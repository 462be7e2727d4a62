#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

// Needs the parts `code` and `builtins` and the inquiry `removed_code`.
std::unique_ptr<Condition> make_views_keep_columns();

}  // namespace pgconvoy
