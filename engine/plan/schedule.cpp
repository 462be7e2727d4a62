#include "engine/plan/schedule.hpp"

#include <charconv>
#include <cmath>

namespace pgconvoy {
namespace {

bool is_interrupted(const Candidate& candidate) {
  return !candidate.in_flight &&
         (candidate.state == TargetState::running || candidate.state == TargetState::rolling_back);
}

bool is_new(const Candidate& candidate) { return !candidate.in_flight && candidate.state == TargetState::pending; }

// Places that are taken, overall and by region, and whether there is one left.
class Lanes {
 public:
  explicit Lanes(const Limits& limits) : limits_(limits) {}

  bool has_room(const std::string& region) const {
    const auto own = limits_.of_region.find(region);
    const int limit = own == limits_.of_region.end() ? limits_.per_region : own->second;
    const auto taken = taken_.find(region);
    return all_ < limits_.overall && (taken == taken_.end() ? 0 : taken->second) < limit;
  }
  void take(const std::string& region) {
    ++all_;
    ++taken_[region];
  }

 private:
  const Limits& limits_;
  int all_ = 0;
  std::map<std::string, int> taken_;
};

}  // namespace

Decision decide(const std::vector<Candidate>& candidates, const Limits& limits, RunIntent intent) {
  Lanes lanes(limits);
  int failures = 0, in_flight = 0;
  bool any_new = false;
  for (const Candidate& candidate : candidates) {
    if (candidate.in_flight) {
      lanes.take(candidate.region);
      ++in_flight;
    }
    if (candidate.state == TargetState::rolled_back || candidate.state == TargetState::stuck) ++failures;
    any_new = any_new || is_new(candidate);
  }
  Decision decision;
  decision.halted = any_new && limits.max_failures && failures > *limits.max_failures;

  const auto start_those = [&](bool (*wanted)(const Candidate&)) {
    for (const Candidate& candidate : candidates) {
      if (!wanted(candidate) || !lanes.has_room(candidate.region)) continue;
      lanes.take(candidate.region);
      decision.start.push_back(candidate.number);
    }
  };
  // What was interrupted may be behind its maintenance page: a spent budget or a cancelled run doesn't leave it there.
  if (intent != RunIntent::pause) start_those(is_interrupted);
  if (intent == RunIntent::none && !decision.halted) start_those(is_new);
  decision.finished = in_flight == 0 && decision.start.empty();
  return decision;
}

std::optional<int> failure_budget(const std::string& text, int targets) {
  const bool percent = text.ends_with('%');
  const char* const end = text.data() + text.size() - (percent ? 1 : 0);
  if (!percent) {
    int number = 0;
    const auto [stopped, problem] = std::from_chars(text.data(), end, number);
    if (problem != std::errc() || stopped != end || number < 0) return std::nullopt;
    return number;
  }
  double share = 0;
  const auto [stopped, problem] = std::from_chars(text.data(), end, share, std::chars_format::fixed);
  if (problem != std::errc() || stopped != end || !(share >= 0 && share <= 100)) return std::nullopt;
  // The small difference keeps what binary fractions add (7 % of 100) from counting as one more.
  return static_cast<int>(std::ceil(targets * share / 100 - 1e-9));
}

}  // namespace pgconvoy
