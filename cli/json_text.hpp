// JSON for whoever reads it on a terminal as well. Pure.
#pragma once

#include <string>

#include "engine/core/json.hpp"

namespace pgconvoy::cli {

// As the document says, bytes that are no UTF-8 replaced. No control character stands in it as itself, also none that JSON
// allows to: DEL and those from U+0080 to U+009F, of which a terminal takes some for the beginning of a command. `indent` -1: one line.
std::string json_text(const json& document, int indent);

}  // namespace pgconvoy::cli
