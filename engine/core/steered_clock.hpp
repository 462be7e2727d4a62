// This machine's clock until somebody who knows better says what time it is; from then on that time goes on with the monotonic
// clock, whatever becomes of the machine's. Several processes that are told by the same server agree, and a wall clock that
// jumps changes nothing. Any thread.
#pragma once

#include <mutex>
#include <optional>
#include <utility>

#include "engine/core/clock.hpp"

namespace pgconvoy {

class SteeredClock final : public Clock {
 public:
  // A difference below this is left as it is: what was read of another clock is as old as its way here took.
  static constexpr Seconds kTolerated{1};

  WallTime wall() const override {
    const std::scoped_lock lock(mutex_);
    return known_ ? since_known(steady()) : std::chrono::system_clock::now();
  }
  SteadyTime steady() const override { return std::chrono::steady_clock::now(); }

  // It is `time` now.
  void steer(WallTime time) {
    const std::scoped_lock lock(mutex_);
    const SteadyTime here = steady();
    if (known_ && since_known(here) - time < kTolerated && time - since_known(here) < kTolerated) return;
    known_ = {time, here};
  }

 private:
  WallTime since_known(SteadyTime now) const {
    return known_->first + std::chrono::duration_cast<WallTime::duration>(now - known_->second);
  }

  mutable std::mutex mutex_;
  std::optional<std::pair<WallTime, SteadyTime>> known_;
};

}  // namespace pgconvoy
