// The target server can make a database with the same encoding, collation and character classes.
#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

std::unique_ptr<Condition> make_encoding_and_locale_available();

}  // namespace pgconvoy
