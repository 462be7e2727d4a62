// One target with everything that the journal holds of it. Blocking.
#pragma once

#include <string>

#include "engine/journal/journal.hpp"

namespace pgconvoy::web {

// As `status RUN TARGET` says it (docs/json.md), and: plan (placements, estimates, findings), attempts, verification, backups, obligations.
// `alive`: a process is at work on the run.
Result<json> target_document(Journal& journal, std::int64_t run, int number, const std::string& journal_option, bool alive);

}  // namespace pgconvoy::web
