// What a comparison found, as the outcome or the error of a step.
#pragma once

#include <string>

#include "engine/postgres/compare.hpp"
#include "operations/handles.hpp"

namespace pgconvoy {

// Error corrupt, with the first few differences. REQUIRES: there are some.
Error differences_error(const Comparison& comparison, const std::string& new_server);

// The largest kEvidenceTables of them, by name.
void limit_evidence(std::vector<TableEvidence>& evidence);

// With what was found equal of each table.
VerifyOutcome verified(const Comparison& comparison);

}  // namespace pgconvoy
