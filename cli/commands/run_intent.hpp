// What people journal while another process may be at work on the run.
#pragma once

#include <string>

#include "engine/journal/journal.hpp"
#include "engine/report/run_summary.hpp"

namespace pgconvoy::cli {

// A word about the run: `data`, with who and when, and the reason when there is one.
Result<void> journal_word(Journal& journal, std::int64_t run, EventKind kind, json data, const std::string& reason);

// `pause` and `cancel`: `data` holds the intent.
Result<void> journal_intent(Journal& journal, std::int64_t run, json data, const std::string& reason);

// A target is to be skipped, or retried, by the process that is at work on the run.
Result<void> ask_for_target(Journal& journal, std::int64_t run, int target, const std::string& what, const std::string& reason);

}  // namespace pgconvoy::cli
