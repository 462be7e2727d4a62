// The part of the fold that concerns steps; only fold.cpp calls it.
#pragma once

#include <string>

#include "engine/journal/event.hpp"

namespace pgconvoy {

// A step_* or undo_* event of a target whose epoch was checked. "" or why it can't be; may throw json::exception.
std::string apply_to_step(TargetRecord& target, const Event& event);

// Sets paused_at and resumed_at by what the steps now say.
void note_pause(TargetRecord& target, WallTime at);

// Null when there is no such key, or the data are no object.
json field_of(const json& data, const char* key);

}  // namespace pgconvoy
