// What of a run's options may be changed while it goes on (`pgconvoy set`), by name. The options of the command line are
// checked by the same rules. Pure.
#pragma once

#include <string>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/plan/plan.hpp"
#include "engine/plan/schedule.hpp"

namespace pgconvoy {

struct RunSetting {
  const char* name;     // "concurrency"
  const char* form;     // "N", "N|P%|none"
  const char* summary;  // one line
};

// In the order in which they are shown.
const std::vector<RunSetting>& run_settings();

// Changes one of them. Error usage for a name that isn't one, and for a value that it doesn't take; nothing is changed then.
Result<void> change(RunOptions& options, const std::string& name, const std::string& value);

// As change() takes it; of what isn't limited "none".
std::string value_of(const RunOptions& options, const std::string& name);

// Why the value can't be one of that setting; "" when it can.
std::string problem_of_setting(const std::string& name, const std::string& value);

// The limits that a run's options and its fleet give.
Limits limits_of(const RunOptions& options, const Fleet& fleet);

// "50GB", "700 MB", "1024": binary units as format_bytes() writes them. nullopt for anything else.
std::optional<std::int64_t> parse_bytes(const std::string& text);

}  // namespace pgconvoy
