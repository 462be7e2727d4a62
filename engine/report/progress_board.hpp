// How a run stands, told by events and passing progress, for a terminal that is redrawn in place. Pure: the caller
// brings the time and draws.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/clock.hpp"
#include "engine/journal/event.hpp"
#include "engine/plan/plan.hpp"
#include "engine/plan/remaining.hpp"
#include "engine/report/style.hpp"

namespace pgconvoy::report {

class ProgressBoard {
 public:
  struct Item {
    std::string id, region;
    double weight = 1;  // planned seconds
    TargetState state = TargetState::pending;
    bool in_flight = false, before = false;  // before: had ended when this process began
    bool controlled = true;                  // only then is there a pause to speak of
    std::string step;
    bool undoing = false;
    bool waits_for_pause = false;            // prepared; others are paused
    bool clean = true;                       // begun once, and by this process
    double seconds = 0;                      // from its claim to its end
    WallTime claimed, step_started;
    std::optional<WallTime> ended, paused_at, resumed_at;
    std::int64_t bytes = 0, total_bytes = 0;
    std::string text;
    std::vector<std::string> until_pause;    // steps_until_pause()
  };
  struct Lane {
    int done = 0, failed = 0, running = 0, left = 0, total = 0, done_here = 0;
    double weight_here = 0, weight_left = 0;
  };

  // `records` are the run's targets as the journal has them now (a resume begins in the middle). Targets that aren't
  // `wanted` (by number; none: all) take no part.
  ProgressBoard(const Plan& plan, const std::vector<TargetRecord>& records, WallTime now);

  // A target that another process is at work on, as its record has it with its steps.
  void adopt(const TargetRecord& record);

  void journaled(const Event& event);
  void progressed(int target, const std::string& step, std::int64_t bytes, std::int64_t total_bytes,
                  const std::string& text);

  int in_flight() const;

  // Simulates what is left, corrected by what was seen; the lines of draw() say it until the next time. Takes some tens of
  // milliseconds at most, so not for every frame.
  void foretell(WallTime now);

  struct Frame {
    std::size_t columns = 80, lines = 24;  // of the terminal; the frame stays below both
    WallTime now;
    bool stopping = false;
  };
  // One bar per region, then one line per target in flight; what doesn't fit is counted in the last line.
  std::vector<std::string> draw(const Frame& frame, const Style& style) const;

  // For those who draw it in their own way.
  const std::vector<Item>& items() const { return items_; }  // by number - 1
  std::map<std::string, Lane> lanes() const;
  const std::map<std::string, Spread>& rest() const { return rest_; }  // seconds to go, by region, as of foretell()
  const std::vector<std::string>& warnings() const { return warnings_; }
  const std::string& wave() const { return wave_; }
  const std::string& waits() const { return waits_; }

  // What became of a target by this event, for a line that stays: "shop-live  succeeded in 8.1 s, paused for 6.1 s".
  // Nothing for events that don't end a target.
  std::optional<std::string> ended_line(const Event& event, const Style& style) const;

 private:
  void about_the_run(const Event& event);
  std::string lane_line(const std::string& region, const Lane& lane, std::size_t name_width, const Frame& frame,
                        const Style& style) const;
  std::string item_line(const Item& item, std::size_t name_width, const Frame& frame, const Style& style) const;

  std::vector<Item> items_;  // by number - 1
  Plan outline_;             // of the run, without steps and facts: what a forecast of the rest needs
  RunPosition position_;     // its waves; targets are those of items_
  std::map<std::string, Spread> rest_;  // by region
  std::vector<std::string> warnings_;
  std::string wave_, waits_;  // for a line each; "": nothing to say
  bool rehearsal_ = false;
  WallTime begun_;
};

}  // namespace pgconvoy::report
