// What `pause` and `cancel` journal while another process may be at work on the run.
#pragma once

#include <string>

#include "engine/journal/journal.hpp"

namespace pgconvoy::cli {

// `data` holds the intent; who and when are added, and the reason when there is one.
Result<void> journal_intent(Journal& journal, std::int64_t run, json data, const std::string& reason);

}  // namespace pgconvoy::cli
