// One event as one line, or as JSON. Pure.
#pragma once

#include <optional>
#include <string>

#include "engine/core/json.hpp"
#include "engine/journal/event.hpp"
#include "engine/report/style.hpp"

namespace pgconvoy::report {

// "step_succeeded" as `logs` shows it, without time and target: "fence_source@shop: done in 0.3 s". Everything in it
// can be shown on a terminal. `verbose` adds intents and outcomes.
std::string event_line(const Event& event, const Style& style, bool verbose);

// {"version": 1, "kind": ..., "run": "r7", "target": 42, "target_id": "shop-live", ...}: docs/json.md.
json event_json(const Event& event, const std::string& target_id);
// What passes and is not journaled, in the same form: "kind": "progress".
json progress_json(std::int64_t run, int target, const std::string& target_id, const std::string& step,
                   std::int64_t bytes, std::int64_t total_bytes, const std::string& text, WallTime now);

}  // namespace pgconvoy::report
