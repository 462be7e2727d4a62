// Everything that a runbook may name, as one explicit list.
#pragma once

#include "engine/facts/condition.hpp"
#include "engine/run/operation.hpp"

namespace pgconvoy {

void register_all(OperationRegistry& operations, ConditionRegistry& conditions);

}  // namespace pgconvoy
