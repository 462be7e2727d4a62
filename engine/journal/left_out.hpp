// A step that a person left out (`resolve --as skip`): it counts as done on the way forward, and is never undone.
#pragma once

#include <optional>
#include <string>

#include "engine/journal/event.hpp"

namespace pgconvoy {

struct LeftOut {
  std::string reason;
  bool undo = false;  // its undo was left out: what it made may still be there, and on the way forward it is done anew
};

// None when nobody left it out.
std::optional<LeftOut> left_out(const StepRecord& step);

}  // namespace pgconvoy
