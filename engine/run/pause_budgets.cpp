#include "engine/run/pause_budgets.hpp"

#include <algorithm>

#include "engine/journal/step_path.hpp"

namespace pgconvoy {
namespace {

bool ends(EventKind kind) {
  return kind == EventKind::target_succeeded || kind == EventKind::target_skipped || kind == EventKind::target_rolled_back;
}

}  // namespace

void PauseBudgets::begin(int target, WallTime at) {
  std::optional<Seconds> budget;
  for (const std::string& id : plan_.targets.at(target - 1).target.environments) {
    const auto& own = plan_.fleet.environments.at(id).downtime_budget;
    if (own && (!budget || *own < *budget)) budget = *own;
  }
  if (budget) pauses_[target] = {at, at + std::chrono::duration_cast<WallTime::duration>(*budget), *budget};
}

void PauseBudgets::recall(const TargetRecord& record) {
  if (!record.paused_at || record.resumed_at) return;
  pages_[record.number];  // which pages isn't known: the end of the target, or of a page, ends it
  begin(record.number, *record.paused_at);
}

void PauseBudgets::journaled(const Event& event) {
  if (event.target < 1) return;
  const auto pages = pages_.find(event.target);
  if (ends(event.kind)) {
    pages_.erase(event.target);
    pauses_.erase(event.target);
  } else if (event.kind == EventKind::step_succeeded && operation_of(event.step) == "page_on") {
    if (pages == pages_.end()) begin(event.target, event.at);
    pages_[event.target].insert(subject_of(event.step));
  } else if (pages != pages_.end() && ((event.kind == EventKind::step_succeeded && operation_of(event.step) == "page_off") ||
                                       (event.kind == EventKind::step_undone && operation_of(event.step) == "page_on"))) {
    pages->second.erase(subject_of(event.step));
    if (!pages->second.empty()) return;
    pages_.erase(pages);
    pauses_.erase(event.target);
  }
}

std::optional<WallTime> PauseBudgets::next() const {
  std::optional<WallTime> earliest;
  for (const auto& [target, pause] : pauses_)
    if (!earliest || pause.over < *earliest) earliest = pause.over;
  return earliest;
}

std::vector<PauseBudgets::Spent> PauseBudgets::spent(WallTime now) {
  std::vector<Spent> found;
  std::erase_if(pauses_, [&](const auto& entry) {
    const auto& [target, pause] = entry;
    if (now < pause.over) return false;
    found.push_back({target, pause.budget, pause.began});
    return true;
  });
  return found;
}

}  // namespace pgconvoy
