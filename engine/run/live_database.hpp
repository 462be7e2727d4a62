// Which of a target's databases its applications are bound to, by what the journal knows.
#pragma once

#include <string>

#include "engine/journal/event.hpp"

namespace pgconvoy {

// For people: "the old one", "the new one ...", "neither: ...".
std::string live_database(const TargetRecord& target);

}  // namespace pgconvoy
