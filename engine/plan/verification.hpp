// When and by what the new database of a target is compared with the old one. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/core/parameters.hpp"
#include "engine/facts/facts.hpp"
#include "engine/run/runbook.hpp"

namespace pgconvoy {

enum class Verification {
  before,    // every row, before the application is let in
  snapshot,  // rows are counted before; every row is compared afterwards, in a snapshot of the moment before the pivot
  counts,    // rows are counted before; that is all
};
// "before", "snapshot", "counts": what `verify` may say, beside kAutomatic (way.hpp), which leaves it to the plan.
const char* to_string(Verification verification);
bool is_verification(const std::string& name);

// The step that compares contents when the application already runs. Its name is part of journals.
inline constexpr const char* kLateVerification = "verify_after_pivot";

// Contents were found different when the application already wrote: nothing is undone by itself, and the run begins nothing more.
bool is_late_difference(const std::string& operation, const Error& error);

// Of operations that know it.
Parameter verification_parameter();

// What an operation's arguments say. What the plan has not decided, or isn't said: before.
Verification verification_of(const json& arguments);

// What the runbook's verify_restored_services is told; "": it has none, or doesn't say. REQUIRES: parameters were put in.
std::string asked_verification(const Runbook& runbook);
// The same runbook with that in the place of every `instead_of`: what was left to the plan ("auto"), or another mode.
Runbook with_verification(Runbook runbook, Verification verification, const std::string& instead_of);

struct ChosenVerification {
  Verification verification = Verification::before;
  std::string because;  // for people
};
// For a target whose mode is left to the plan. `pause` is its own with `before`; none: nobody gave it a budget. `others`: what
// nine of ten pauses end within, in seconds, in another mode; the first one that fits the budget is taken, the best proof first.
ChosenVerification choose_verification(const std::optional<PauseFact>& pause, const std::vector<std::pair<Verification, double>>& others);

}  // namespace pgconvoy
