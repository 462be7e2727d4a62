#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

// Needs the parts `extension_uses` and `extension_traits`.
std::unique_ptr<Condition> make_extensions_keep_members();

}  // namespace pgconvoy
