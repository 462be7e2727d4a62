#include "engine/report/earlier_attempts.hpp"

#include <algorithm>

namespace pgconvoy::report {

void EarlierAttempts::see(const Event& event) {
  if (event.step.empty() || !targets_.contains(event.target)) return;
  if (event.kind == EventKind::step_started) {
    EarlierAttempt begun;
    begun.attempt = event.attempt;
    begun.epoch = event.epoch;
    begun.started = event.at;
    seen_[event.target][event.step].push_back(std::move(begun));
    return;
  }
  auto& tries = seen_[event.target][event.step];
  const auto found = std::find_if(tries.rbegin(), tries.rend(), [&](const EarlierAttempt& each) { return each.attempt == event.attempt; });
  if (found == tries.rend()) return;
  if (event.kind == EventKind::step_succeeded || event.kind == EventKind::step_failed) {
    found->status = event.kind == EventKind::step_succeeded ? StepStatus::succeeded : StepStatus::failed;
    found->ended = event.at;
    if (event.data.is_object() && event.data.contains("error")) found->error = event.data["error"];
  } else if (event.kind == EventKind::step_undone && found->status == StepStatus::succeeded) {
    found->status = StepStatus::undone;
  }
}

std::vector<EarlierAttempt> EarlierAttempts::of(int target, const std::string& path, int last) const {
  std::vector<EarlierAttempt> earlier;
  const auto steps = seen_.find(target);
  if (steps == seen_.end()) return earlier;
  const auto tries = steps->second.find(path);
  if (tries == steps->second.end()) return earlier;
  for (const EarlierAttempt& each : tries->second)
    if (each.attempt < last) earlier.push_back(each);
  return earlier;
}

}  // namespace pgconvoy::report
