// Which applications have been behind their page for longer than their environment's downtime budget. Keeps count of what
// it is told; the loop's thread only.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/journal/event.hpp"
#include "engine/plan/plan.hpp"

namespace pgconvoy {

class PauseBudgets {
 public:
  // REQUIRES: `plan` outlives it.
  explicit PauseBudgets(const Plan& plan) : plan_(plan) {}

  // A target that an earlier process left behind its page.
  void recall(const TargetRecord& record);
  void journaled(const Event& event);

  // When the next budget is spent, if one is being spent; and the targets whose budget is spent by now, each once a pause.
  std::optional<WallTime> next() const;
  struct Spent {
    int target = 0;
    Seconds budget{0};
    WallTime paused_at;
  };
  std::vector<Spent> spent(WallTime now);

 private:
  struct Pause {
    WallTime began, over;
    Seconds budget{0};
  };
  void begin(int target, WallTime at);

  const Plan& plan_;
  std::map<int, std::set<std::string>> pages_;  // target -> page_on steps that are in effect
  std::map<int, Pause> pauses_;                 // of those whose budget isn't spent
};

}  // namespace pgconvoy
