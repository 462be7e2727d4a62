// The report of a run on stdout, as the options want it.
#pragma once

#include <set>

#include "cli/options.hpp"
#include "engine/journal/journal.hpp"

namespace pgconvoy::cli {

// Formats text, json, jsonl, and markdown when `globals.format` says so.
// `only`: text tells of these targets (by number); empty: of all. Other formats always hold the whole run.
Result<void> show_report(const GlobalOptions& globals, Journal& journal, std::int64_t run, const std::set<int>& only = {});

// The run as html, csv, junit or otlp, written as it is read; `target`: only that one, 0: all.
Result<void> show_long_report(const GlobalOptions& globals, Journal& journal, std::int64_t run, int target);
bool is_long_format(const std::string& format);

// Columns for text on stdout: of the terminal, 0 (no limit) when it is none.
std::size_t text_width();

}  // namespace pgconvoy::cli
