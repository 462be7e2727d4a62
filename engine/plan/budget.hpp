// How many failures are too many: a number of targets, or a share of those that it is about. Pure.
#pragma once

#include <optional>
#include <string>

#include "engine/journal/event.hpp"

namespace pgconvoy {

struct Budget {
  double amount = 0;
  bool percent = false;

  // Failures that are still allowed among `targets`; a share is rounded up.
  int of(int targets) const;
  bool operator==(const Budget&) const = default;
};

// "3" or "5%"; nullopt for anything else. An empty text is no budget either: who means "no limit" has no Budget.
std::optional<Budget> parse_budget(const std::string& text);

// The same in one step.
std::optional<int> failure_budget(const std::string& text, int targets);

// What counts in a budget: rolled back by itself, stuck, and skipped because something couldn't be reached or read.
// Not what was undone or skipped because somebody asked for it, nor what a precondition blocks.
bool counts_as_failure(const TargetRecord& target);
// The same of a target whose state and reason (TargetRecord::reason) are known.
bool counts_as_failure(TargetState state, const json& reason);

}  // namespace pgconvoy
