#pragma once

#include <memory>

#include "engine/facts/condition.hpp"

namespace pgconvoy {

// Needs the inquiry `trial_restore`, the only one that writes: it is in no built-in runbook, `check --trial` asks for it.
// Argument: limit, of one trial.
std::unique_ptr<Condition> make_trial_restore();

}  // namespace pgconvoy
