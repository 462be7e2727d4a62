// What a person may say about a step that is neither done nor undone (`pgconvoy resolve`), by what other operations
// need of it. Pure.
#pragma once

#include <string>

#include "engine/core/error.hpp"
#include "engine/journal/event.hpp"

namespace pgconvoy {

enum class ByHand { done, absent, skip };

// The outcome that goes with the word: null when the one that the step has stays, or none is needed. `operation` is the
// step's. REQUIRES: the step is open or failed. Errors: refused, with why and what to do instead.
Result<json> resolve_by_hand(const TargetRecord& target, const StepRecord& step, const std::string& operation, ByHand as);

}  // namespace pgconvoy
