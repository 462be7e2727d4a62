// The meters of all targets that a process is at work on, fed by events, by the steps and by looks at servers.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/journal/event.hpp"
#include "engine/run/progress_watch.hpp"
#include "engine/run/target_meter.hpp"

namespace pgconvoy {

class ProgressMeters {
 public:
  // REQUIRES: the work lives until remove().
  void add(const TargetWork& work);
  void remove(int target);

  // A step that is done is told as such before its event is; one that was begun is measured from then on.
  void before(const Event& event, const std::function<void(int, const std::string&, const Progress&)>& tell);
  void after(const Event& event);

  Progress said(int target, const std::string& step, const Progress& progress);
  // None: the step that was looked at is over.
  std::optional<Progress> seen(int target, const ServerLook& look);
  const std::string& step_of(int target) const;

  // The databases that are being made, for the next look.
  std::vector<ProgressWatch::Database> databases() const;

 private:
  struct Metered {
    const TargetWork* work = nullptr;
    TargetMeter meter;
  };
  const StepPlan* planned_step(const Metered& metered, const std::string& path) const;
  static KnownSizes sizes_of(const TargetWork& work, const std::string& instance);

  std::map<int, Metered> targets_;
  TargetMeter learnt_;  // of dumps, for targets to come
};

}  // namespace pgconvoy
