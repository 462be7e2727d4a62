// What a command journals of a target, beside those that work on it.
#pragma once

#include "engine/journal/event.hpp"

namespace pgconvoy::cli {

// Now, under the epoch that the record holds: a process that works on the target since has a higher one, and its journal
// refuses this. Pure but for the clock.
Event target_event(const TargetRecord& target, EventKind kind, json data);

}  // namespace pgconvoy::cli
