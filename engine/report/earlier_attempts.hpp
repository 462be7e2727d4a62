// What a step's record doesn't hold: its tries before the last. Gathered from a run's events, for the few targets that had any. Pure.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/journal/event.hpp"

namespace pgconvoy::report {

struct EarlierAttempt {
  int attempt = 0, epoch = 0;
  WallTime started;
  std::optional<WallTime> ended;  // none: its process ended first, what it did was looked at later
  StepStatus status = StepStatus::unknown;  // succeeded and failed as it said itself; undone when it was taken back after a success
  json error;
};

class EarlierAttempts {
 public:
  // Of these targets only, by number.
  explicit EarlierAttempts(std::set<int> targets) : targets_(std::move(targets)) {}
  // In the order of the journal.
  void see(const Event& event);
  // Those of one step before attempt `last`, the first one first.
  std::vector<EarlierAttempt> of(int target, const std::string& path, int last) const;

 private:
  std::set<int> targets_;
  std::map<int, std::map<std::string, std::vector<EarlierAttempt>>> seen_;
};

}  // namespace pgconvoy::report
