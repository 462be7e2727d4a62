#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

// Needs the parts `code` and `builtins` and the inquiry `removed_code`.
std::unique_ptr<Condition> make_no_removed_builtins();

}  // namespace pgconvoy
