// The way in which a target's databases are moved. Pure.
#pragma once

#include <string>

#include "engine/facts/facts.hpp"
#include "engine/run/runbook.hpp"

namespace pgconvoy {

// One stream after the other, least work in total: dump, restore, compare.
inline constexpr const char* kThroughput = "throughput";
// All that can be there before the rows is made while the app still runs; rows are copied, proved and backed up together.
inline constexpr const char* kShortPause = "short-pause";
// Whichever suits the target.
inline constexpr const char* kAutomatic = "auto";

struct Way {
  std::string name = kThroughput;
  std::string because;  // for people; "": it was asked for, and nothing speaks against it
};

bool is_way(const std::string& name);

// `asked`: one of the three. A target for which short-pause isn't possible goes by throughput, and `because` says why.
Way choose_way(const std::string& asked, const Runbook& runbook, const TargetFacts& facts);

}  // namespace pgconvoy
