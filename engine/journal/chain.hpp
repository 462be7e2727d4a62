// The hash chain of a run's or a target's events. docs/journal.md, "The chain". Pure.
#pragma once

#include <string>
#include <string_view>

#include "engine/journal/event.hpp"

namespace pgconvoy {

// Printable ASCII without quotation marks and backslashes: as JSON it is the same text in quotation marks.
bool is_plain(std::string_view text);

// What stands before the first event of a chain; target 0 is the run's own.
std::string chain_start(const std::string& token, std::int64_t run, int target);

// Hash of an event after `previous`. `at` and `data` are the stored texts of event.at and event.data.
std::string chain_hash(const std::string& previous, const Event& event, const std::string& kind, const std::string& at,
                       const std::string& data);

}  // namespace pgconvoy
