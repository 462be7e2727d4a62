// Scheduling as a pure function: (state, limits, surroundings with the time) -> what may start now, what must wait, why,
// and until when. The run, the workers (whose claims confirm it) and the forecast call the same one.
//
// The state is kept by whoever schedules, and told of each change; a decision costs as much as it starts, not as many
// targets as there are. Any thread, one at a time. Nothing here reads a clock, a file or a server.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/core/clock.hpp"
#include "engine/journal/event.hpp"
#include "engine/plan/budget.hpp"

namespace pgconvoy {

struct Plan;

// A time in which something isn't started: [from, until).
struct Freeze {
  WallTime from, until;
  std::string reason;
  bool operator==(const Freeze&) const = default;
};

// What never changes of a target in a run.
struct Candidate {
  int number = 0;  // within the run, from 1 without gaps: the order of the run
  std::string id, region;
  std::vector<std::string> source_servers, target_servers;  // ids, each once, sorted
  std::int64_t bytes = 0;
  double seconds = 0;      // from its start to its predicted end, with a margin
  std::vector<int> after;  // the test targets of its applications: they must have succeeded before; lower numbers
  std::vector<Freeze> freezes;
  std::vector<std::string> windows;  // its environments' own, as Surroundings::openings names them (windows_key)
};

// In the order of the run.
std::vector<Candidate> candidates_of(const Plan& plan);

// How a target stands for the schedule.
enum class Standing {
  absent,       // not for this process to start, and nobody waits for it: a target that wasn't asked for
  pending,      // never begun
  again,        // to be started at a person's word, whatever wave, budget or test target says: a retry, or one that was named
  interrupted,  // begun and left by another process: it may be behind its page, and goes before all others
  in_flight,
  left,         // begun, and out of reach for this process: neither ended nor started again
  succeeded,
  failed,       // see counts_as_failure()
  skipped,      // by a precondition or by a person; undone as asked
};

struct Limits {
  int overall = 8;
  int per_region = 2;
  std::map<std::string, int> of_region;  // wins over per_region
  std::optional<int> per_source_server, per_target_server;
  // Targets in their pause at a time. No matter of starting a target: those in flight wait for a place (engine/run/pause_places).
  std::optional<int> paused;
  // Of all databases that are being moved. One that is larger by itself is moved alone. Room is given out in the order of
  // the run: what doesn't fit isn't overtaken.
  std::optional<std::int64_t> bytes_in_flight;
  // More failures than that start nothing new: in the whole run, in the region, or in the run because of one wave.
  std::optional<Budget> max_failures, max_failures_per_region, max_failures_per_wave;
  Seconds soak{0};         // between the end of a wave and the start of the next
  bool approve = false;    // each wave but the first waits for a person
  bool notices = false;    // a target waits until its owner was told of it, and for the time that is given to him (Schedule::told)
  bool test_first = true;  // a live target waits until the test target of its application has succeeded
  std::optional<int> batch;  // so many are begun at most before the run rests (Surroundings::begun)
  // Freezes and regions that aren't open are waited for; otherwise the run rests when nothing else is left.
  bool wait_for_openings = false;
  std::string stop;  // why nothing new starts whatever the budgets say; "": nothing of the kind has happened
};

// When a region may start targets: not before, and none whose predicted end is later than not_after. By region, or by
// windows_key(); one that isn't named is open.
struct Opening {
  std::optional<WallTime> not_before, not_after;
  std::string reason;
  // Of the windows to come: what takes longer ends within none of them, so nobody waits for the next one. None: not known.
  std::optional<Seconds> longest = std::nullopt;
};

// What is so at the moment of a decision.
struct Surroundings {
  WallTime now;
  RunIntent intent = RunIntent::none;
  std::map<std::string, Opening> openings;
  std::map<std::string, std::string> held_servers;  // server -> why nothing new starts that touches it
  std::string held;                                 // why nothing new starts at all; "": nothing is in the way
  int begun = 0;                                    // targets that were begun since the run was last taken up
};

// Why pending targets don't start, beyond the ordinary limits of how many at a time.
struct Wait {
  enum class Why { approval, soak, budget, held, server, bytes, freeze, opening, test, batch, notice } why = Why::held;
  std::string what;  // region, server, or the test target's id; "": the run
  std::string text;  // for people
  int targets = 0;   // how many it concerns
  std::optional<WallTime> until;
  bool operator==(const Wait&) const = default;
};
const char* to_string(Wait::Why why);

struct Decision {
  std::vector<int> start;  // numbers; interrupted ones first, then in the order of the run
  // At most one of them is set, and then the state is to be told (Schedule::wave_ended, open_wave), which should be journaled.
  std::optional<int> ended_wave;  // nothing of the open waves is left to do: its soak begins
  std::optional<int> open_wave;   // the next one may begin
  std::vector<Wait> waits;
  std::optional<WallTime> wait_until;  // decide again then, if nothing happens before
  bool halted = false;    // a failure budget is spent, and pending targets are held back by it
  bool finished = false;  // nothing is in flight, and nothing will start without another word or another process
};

class Schedule {
 public:
  // REQUIRES: numbers 1, 2, ... `wave_ends`: the last number of each wave, rising, the last one that of the run; empty:
  // one wave. All targets are absent at first.
  explicit Schedule(std::vector<Candidate> candidates, std::vector<int> wave_ends = {});

  // `counts`: whether a failure counts in the budgets (one that an earlier process met doesn't: whoever resumes has seen it).
  void stands(int number, Standing standing, bool counts = true);
  Standing standing(int number) const { return items_.at(number - 1).standing; }
  // A target that succeeded, and whose application isn't healthy any more: one failure, once.
  void unhealthy(int number);

  // Its owner was told that it may begin from then on. The first word counts.
  void told(int number, WallTime from);
  bool was_told(int number) const { return items_.at(number - 1).told_from.has_value(); }

  void open_wave(int wave) { open_wave_ = wave, wave_ended_.reset(); }
  void wave_ended(WallTime at) { wave_ended_ = at; }
  void approve_up_to(int wave) { approved_ = wave; }

  int waves() const { return static_cast<int>(wave_ends_.size()); }
  int current_wave() const { return open_wave_; }  // from 1
  std::optional<WallTime> current_wave_ended() const { return wave_ended_; }
  int wave_of(int number) const { return items_.at(number - 1).wave; }
  // First and last number of a wave.
  std::pair<int, int> range_of(int wave) const;
  const Candidate& candidate(int number) const { return candidates_->at(number - 1); }
  int size() const { return static_cast<int>(candidates_->size()); }
  int in_flight() const { return in_flight_; }
  int failures() const { return failures_; }
  int failures_in_wave(int wave) const { return of_wave_.at(wave - 1).failures; }

 private:
  friend class Decider;
  enum Line { interrupted_line, again_line, ready_line, dependent_line, kLines };

  struct Item {
    Standing standing = Standing::absent;
    int wave = 1, bucket = 0, region = 0;
    bool counted = false;    // as a failure
    bool held_back = false;  // pending, and a test target has ended without success
    std::optional<Line> line;
    std::optional<WallTime> told_from;
    std::vector<int> dependents;
  };
  // Targets that nothing but their numbers, sizes and durations tells apart.
  struct Bucket {
    int region = 0;
    std::vector<int> sources, targets;  // servers
    std::vector<Freeze> freezes;
    std::vector<std::string> windows;
    std::set<int> lines[kLines];
  };
  struct Tally {
    int targets = 0, failures = 0;
    int open = 0;       // neither ended nor absent
    int held_back = 0;  // of those
    int in_flight = 0;
  };

  void put_into_line(int number);
  void count_failure(Item& item, bool failure);
  bool tests_passed(int number) const;
  bool test_failed(int number) const;

  std::shared_ptr<const std::vector<Candidate>> candidates_;  // copies share them: a forecast makes many
  std::vector<Item> items_;
  std::vector<Bucket> buckets_;
  std::vector<std::string> regions_, servers_;
  std::vector<int> wave_ends_;
  std::vector<Tally> of_region_, of_wave_;
  std::vector<int> from_server_, to_server_;  // in flight
  std::set<int> held_back_;
  bool any_freezes_ = false;
  int in_flight_ = 0, failures_ = 0, open_wave_ = 1, approved_ = 1;
  std::int64_t bytes_in_flight_ = 0;
  std::optional<WallTime> wave_ended_;
};

// The same state, limits and surroundings give the same decision. An interrupted target goes first, also when a budget is
// spent or the run is being cancelled; it is held by the numbers at a time only. While the run is paused nothing starts.
Decision decide(const Schedule& schedule, const Limits& limits, const Surroundings& surroundings);

// What else than a free place keeps a target that is in flight from beginning its pause.
struct PauseOutlook {
  // budget: nothing new starts in this run, or in its region; freeze, opening: it would begin, or by its prediction end, when
  // its environments are frozen or closed. None: it may.
  std::optional<Wait> hold;
  std::optional<WallTime> next;  // it may be another one from then on
};

// `pause`: how long it will take, with a margin. The counts of the schedule take no part. Pure.
PauseOutlook pause_outlook(const Schedule& schedule, const Limits& limits, const Surroundings& surroundings, int number, Seconds pause);

// "3,10,25%,100%": how many targets may have been begun, in all, when each wave is through: numbers, or shares of `targets`
// rounded up. What is left is one wave more; a step that adds nothing is left out. The last number of each wave.
// nullopt for what isn't such a list, or falls.
std::optional<std::vector<int>> wave_ends(const std::string& text, int targets);

}  // namespace pgconvoy
