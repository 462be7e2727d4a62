// The decision: reads the schedule's lines and counts, changes nothing.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <queue>

#include "engine/core/bytes.hpp"
#include "engine/plan/schedule.hpp"

namespace pgconvoy {

class Decider {
 public:
  Decider(const Schedule& schedule, const Limits& limits, const Surroundings& surroundings)
      : schedule_(schedule),
        limits_(limits),
        now_(surroundings.now),
        around_(surroundings),
        in_flight_(schedule.in_flight_),
        bytes_(schedule.bytes_in_flight_),
        from_server_(schedule.from_server_),
        to_server_(schedule.to_server_) {
    for (const Schedule::Tally& tally : schedule.of_region_) in_region_.push_back(tally.in_flight);
    for (const std::string& region : schedule.regions_) {
      const auto own = limits.of_region.find(region);
      region_limits_.push_back(own == limits.of_region.end() ? limits.per_region : own->second);
      const auto opening = around_.openings.find(region);
      openings_.push_back(opening == around_.openings.end() ? nullptr : &opening->second);
    }
  }

  Decision decide() {
    count_budgets();
    const RunIntent intent = around_.intent;
    if (intent != RunIntent::pause) start({Schedule::interrupted_line}, false);
    if (intent == RunIntent::none) {
      find_holds();
      // Lines of the same rank are merged: their targets start in the order of the run.
      start({Schedule::again_line}, false);
      if (!run_is_spent_) {
        if (limits_.test_first)
          start({Schedule::ready_line}, true);
        else
          start({Schedule::ready_line, Schedule::dependent_line}, true);
        go_on_with_waves();
      }
      say_what_waits();
    }
    decision_.finished = schedule_.in_flight_ == 0 && decision_.start.empty() && !decision_.ended_wave &&
                         !decision_.open_wave && !passes_;
    return std::move(decision_);
  }

  PauseOutlook pause_outlook(int number, Seconds pause) {
    count_budgets();
    PauseOutlook outlook;
    if (run_is_spent_) {
      outlook.hold = Wait{Wait::Why::budget, "", spent_text_, 1, {}};
      return outlook;
    }
    const Schedule::Bucket& bucket = schedule_.buckets_[schedule_.items_[number - 1].bucket];
    const auto look_at = [&](WallTime moment) {
      if (moment > now_ && (!outlook.next || moment < *outlook.next)) outlook.next = moment;
    };
    for (const Freeze& freeze : bucket.freezes) look_at(freeze.from), look_at(freeze.until);
    std::vector<const Opening*> openings{openings_[bucket.region]};
    for (const std::string& key : bucket.windows)
      if (const auto own = around_.openings.find(key); own != around_.openings.end()) openings.push_back(&own->second);
    const Opening* late = nullptr;
    for (const Opening* opening : openings) {
      if (!opening) continue;
      if (opening->not_before) look_at(*opening->not_before);
      if (!opening->not_after) continue;
      const WallTime last = *opening->not_after - std::chrono::duration_cast<WallTime::duration>(pause);
      look_at(last + WallTime::duration(1));
      look_at(*opening->not_after);
      if (now_ > last) late = opening;
    }
    // What holds back the start of targets on busy servers is none of these: the target is at work there already.
    if (const auto found = hold_of(bucket); found && found->why != Wait::Why::server && found->why != Wait::Why::held)
      outlook.hold = Wait{found->why, found->what, found->text, 1, found->until};
    else if (late)
      outlook.hold = Wait{Wait::Why::opening, schedule_.regions_[bucket.region],
                          late->reason.empty() ? "its pause would end after the region closes" : "its pause would end too late: " + late->reason, 1, {}};
    return outlook;
  }

 private:
  // A bucket's line with its next number.
  struct Head {
    int number = 0, bucket = 0;
    std::set<int>::const_iterator next;
    bool operator>(const Head& other) const { return number > other.number; }
  };

  // Targets that were passed over since they would end after their window.
  struct TooLate {
    int targets = 0;
    std::optional<WallTime> next_look;  // when that window is over; none: no window is long enough for them
  };

  // Why a bucket as a whole doesn't start anything new.
  struct Hold {
    Wait::Why why = Wait::Why::held;
    std::string what, text;
    std::optional<WallTime> until;
  };

  void count_budgets() {
    const auto spent = [](const std::optional<Budget>& budget, const Schedule::Tally& tally) {
      return budget && tally.failures > budget->of(tally.targets);
    };
    run_is_spent_ = limits_.max_failures && schedule_.failures_ > limits_.max_failures->of(schedule_.size());
    if (run_is_spent_) spent_text_ = fmt::format("{} failed in this run, more than its budget", schedule_.failures_);
    if (!limits_.stop.empty()) {
      run_is_spent_ = true;
      spent_text_ = limits_.stop;
    }
    for (std::size_t wave = 0; wave < schedule_.of_wave_.size() && !run_is_spent_; ++wave)
      if (spent(limits_.max_failures_per_wave, schedule_.of_wave_[wave])) {
        run_is_spent_ = true;
        spent_text_ = fmt::format("{} failed in wave {}, more than the budget of a wave", schedule_.of_wave_[wave].failures, wave + 1);
      }
    for (const Schedule::Tally& tally : schedule_.of_region_)
      region_is_spent_.push_back(spent(limits_.max_failures_per_region, tally));
  }

  // Only when there is something to look at: an ordinary decision doesn't go through all buckets for it.
  void find_holds() {
    const bool any_region = std::any_of(region_is_spent_.begin(), region_is_spent_.end(), [](bool spent) { return spent; });
    if (!any_region && around_.held.empty() && around_.held_servers.empty() && around_.openings.empty() && !schedule_.any_freezes_) return;
    for (const Schedule::Bucket& bucket : schedule_.buckets_) holds_.push_back(hold_of(bucket));
  }

  const Hold* hold(std::size_t bucket) const { return bucket < holds_.size() && holds_[bucket] ? &*holds_[bucket] : nullptr; }

  bool is_closed(const Opening& opening) const {
    return (opening.not_before && now_ < *opening.not_before) || (opening.not_after && now_ >= *opening.not_after);
  }

  std::optional<Hold> hold_of(const Schedule::Bucket& bucket) const {
    const std::string& region = schedule_.regions_[bucket.region];
    for (const Freeze& freeze : bucket.freezes)
      if (freeze.from <= now_ && now_ < freeze.until)
        return Hold{Wait::Why::freeze, region, freeze.reason.empty() ? "frozen" : "frozen: " + freeze.reason, freeze.until};
    for (const std::string& key : bucket.windows)
      if (const auto found = around_.openings.find(key); found != around_.openings.end() && is_closed(found->second)) {
        const bool early = found->second.not_before && now_ < *found->second.not_before;
        return Hold{Wait::Why::freeze, region, found->second.reason, early ? found->second.not_before : std::nullopt};
      }
    if (const Opening* opening = openings_[bucket.region]) {
      const bool early = opening->not_before && now_ < *opening->not_before;
      if (early || (opening->not_after && now_ >= *opening->not_after))
        return Hold{Wait::Why::opening, region, opening->reason.empty() ? "the region is closed" : opening->reason,
                    early ? opening->not_before : std::nullopt};
    }
    if (region_is_spent_[bucket.region])
      return Hold{Wait::Why::budget, region,
                  fmt::format("{} failed in region {}, more than its budget", schedule_.of_region_[bucket.region].failures, region), {}};
    for (const auto* servers : {&bucket.sources, &bucket.targets})
      for (const int server : *servers)
        if (const auto held = around_.held_servers.find(schedule_.servers_[server]); held != around_.held_servers.end())
          return Hold{Wait::Why::server, held->first, held->second, {}};
    if (!around_.held.empty()) return Hold{Wait::Why::held, "", around_.held, {}};
    return std::nullopt;
  }

  bool has_room(const Schedule::Bucket& bucket) const {
    if (in_region_[bucket.region] >= region_limits_[bucket.region]) return false;
    const auto fits = [](const std::vector<int>& servers, const std::vector<int>& taken, const std::optional<int>& limit) {
      return !limit || std::all_of(servers.begin(), servers.end(), [&](int server) { return taken[server] < *limit; });
    };
    return fits(bucket.sources, from_server_, limits_.per_source_server) && fits(bucket.targets, to_server_, limits_.per_target_server);
  }

  // Its predicted end lies after that is closed.
  bool ends_too_late(const Opening* opening, int number) const {
    if (!opening || !opening->not_after) return false;
    return now_ + std::chrono::duration_cast<WallTime::duration>(Seconds(schedule_.candidate(number).seconds)) > *opening->not_after;
  }

  bool ends_too_late(const Schedule::Bucket& bucket, int number) {
    const Opening* late = ends_too_late(openings_[bucket.region], number) ? openings_[bucket.region] : nullptr;
    for (const std::string& key : bucket.windows)
      if (const auto own = around_.openings.find(key); !late && own != around_.openings.end() && ends_too_late(&own->second, number)) late = &own->second;
    if (late) {
      TooLate& passed_over = too_late_[{bucket.region, late->reason}];
      ++passed_over.targets;
      if (fits_a_later_one(bucket, number)) passed_over.next_look = late->not_after;
    }
    return late != nullptr;
  }

  // The next window may be long enough, both of its region and of its own.
  bool fits_a_later_one(const Schedule::Bucket& bucket, int number) const {
    const double seconds = schedule_.candidate(number).seconds;
    const auto fits = [seconds](const Opening* opening) { return !opening || (opening->longest && seconds <= opening->longest->count()); };
    return fits(openings_[bucket.region]) && std::all_of(bucket.windows.begin(), bucket.windows.end(), [&](const std::string& key) {
             const auto own = around_.openings.find(key);
             return own == around_.openings.end() || fits(&own->second);
           });
  }

  // Its owner has still time; or nobody has told him, and then none that comes later either: they are told in their order.
  bool is_before_notice(int number) {
    const std::optional<WallTime>& from = schedule_.items_[number - 1].told_from;
    if (from && *from <= now_) return false;
    ++before_notice_;
    if (from && (!next_notice_ || *from < *next_notice_)) next_notice_ = from;
    return true;
  }

  void start(const std::vector<Schedule::Line>& lines, bool only_open_waves) {
    if (in_flight_ >= limits_.overall || bytes_are_out_ || batch_is_full_) return;
    const bool interrupted = lines.front() == Schedule::interrupted_line;
    const int last = only_open_waves ? schedule_.wave_ends_[schedule_.open_wave_ - 1] : schedule_.size();
    std::vector<Head> heads;
    for (std::size_t i = 0; i < schedule_.buckets_.size(); ++i)
      for (const Schedule::Line line : lines) {
        const std::set<int>& waiting = schedule_.buckets_[i].lines[line];
        if (!waiting.empty() && *waiting.begin() <= last) heads.push_back({*waiting.begin(), static_cast<int>(i), waiting.begin()});
      }
    std::priority_queue<Head, std::vector<Head>, std::greater<>> queue(std::greater<>(), std::move(heads));
    while (!queue.empty() && in_flight_ < limits_.overall) {
      Head head = queue.top();
      queue.pop();
      const Schedule::Bucket& bucket = schedule_.buckets_[head.bucket];
      // What holds the first of a bucket holds the others too: room only gets less within a decision.
      if (!has_room(bucket) || (!interrupted && hold(head.bucket))) continue;
      const std::set<int>& line = bucket.lines[*schedule_.items_[head.number - 1].line];
      if (limits_.notices && !interrupted && lines.front() != Schedule::again_line && is_before_notice(head.number)) {
        if (!schedule_.was_told(head.number)) continue;
      } else if (interrupted || !ends_too_late(bucket, head.number)) {
        const Candidate& candidate = schedule_.candidate(head.number);
        if (!interrupted && limits_.batch && begun_ >= *limits_.batch) {
          batch_is_full_ = true;
          return;
        }
        if (!interrupted && limits_.bytes_in_flight && bytes_ > 0 && bytes_ + candidate.bytes > *limits_.bytes_in_flight) {
          decision_.waits.push_back({Wait::Why::bytes, candidate.id,
                                     fmt::format("{} is next with {}, and {} of {} are in flight", candidate.id, format_bytes({candidate.bytes}),
                                                 format_bytes({bytes_}), format_bytes({*limits_.bytes_in_flight})),
                                     1, {}});
          bytes_are_out_ = true;
          return;
        }
        take(bucket, candidate);
        if (!interrupted) ++begun_;
      }
      if (++head.next == line.end() || *head.next > last) continue;
      head.number = *head.next;
      queue.push(head);
    }
  }

  void take(const Schedule::Bucket& bucket, const Candidate& candidate) {
    ++in_flight_;
    ++in_region_[bucket.region];
    bytes_ += candidate.bytes;
    for (const int server : bucket.sources) ++from_server_[server];
    for (const int server : bucket.targets) ++to_server_[server];
    decision_.start.push_back(candidate.number);
  }

  bool is_frozen(int number) const {
    const Hold* const found = hold(schedule_.items_[number - 1].bucket);
    return found && found->why == Wait::Why::freeze;
  }

  // Targets of the open waves that nothing is done with for now, though they are pending: those that are frozen, and those
  // whose test target is or failed. A wave doesn't wait for them.
  int left_aside() const {
    const int last = schedule_.wave_ends_[schedule_.open_wave_ - 1];
    int count = 0;
    if (limits_.test_first)
      for (int wave = 0; wave < schedule_.open_wave_; ++wave) count += schedule_.of_wave_[wave].held_back;
    if (!schedule_.any_freezes_) return count;
    for (const Schedule::Bucket& bucket : schedule_.buckets_)
      for (const Schedule::Line line : {Schedule::again_line, Schedule::ready_line, Schedule::dependent_line})
        for (const int number : bucket.lines[line]) {
          if (number > last) break;
          if (limits_.test_first && schedule_.items_[number - 1].held_back) continue;  // counted above
          const std::vector<int>& after = schedule_.candidate(number).after;
          const bool waits_for_frozen = limits_.test_first && line == Schedule::dependent_line &&
                                        std::any_of(after.begin(), after.end(), [this](int test) { return is_frozen(test); });
          count += is_frozen(number) || waits_for_frozen;
        }
    return count;
  }

  // Something of a later wave could be started in a region whose budget isn't spent.
  bool is_worth_going_on() const {
    const int last = schedule_.wave_ends_[schedule_.open_wave_ - 1];
    for (const Schedule::Bucket& bucket : schedule_.buckets_) {
      if (region_is_spent_[bucket.region]) continue;
      for (const Schedule::Line line : {Schedule::ready_line, Schedule::dependent_line})
        if (!bucket.lines[line].empty() && *bucket.lines[line].rbegin() > last) return true;
    }
    return false;
  }

  void go_on_with_waves() {
    if (schedule_.open_wave_ >= schedule_.waves() || !decision_.start.empty()) return;
    int open = 0, later = 0;
    for (int wave = 0; wave < schedule_.waves(); ++wave)
      (wave < schedule_.open_wave_ ? open : later) += schedule_.of_wave_[wave].open;
    if (later == 0 || !is_worth_going_on() || (open > 0 && (schedule_.in_flight_ > 0 || open > left_aside()))) return;
    if (!schedule_.wave_ended_) {
      decision_.ended_wave = schedule_.open_wave_;
      return;
    }
    const int next = schedule_.open_wave_ + 1;
    const WallTime until = *schedule_.wave_ended_ + std::chrono::duration_cast<WallTime::duration>(limits_.soak);
    if (now_ < until) {
      wait({Wait::Why::soak, "", fmt::format("wave {} is over; wave {} begins after its soak", schedule_.open_wave_, next), later, until});
      passes_ = true;
    } else if (limits_.approve && schedule_.approved_ < next) {
      wait({Wait::Why::approval, "", fmt::format("wave {} is over; wave {} waits for `pgconvoy approve`", schedule_.open_wave_, next), later, {}});
      passes_ = true;
    } else {
      decision_.open_wave = next;
    }
  }

  void wait(Wait reason) {
    if (reason.until && (!decision_.wait_until || *reason.until < *decision_.wait_until)) decision_.wait_until = reason.until;
    decision_.waits.push_back(std::move(reason));
  }

  // The same reason once, whatever number of buckets it holds.
  void say_what_waits() {
    const auto waiting_in = [](const Schedule::Bucket& bucket) {
      return static_cast<int>(bucket.lines[Schedule::again_line].size() + bucket.lines[Schedule::ready_line].size() +
                              bucket.lines[Schedule::dependent_line].size());
    };
    int pending = 0;
    std::vector<Wait> found;
    for (std::size_t i = 0; i < schedule_.buckets_.size(); ++i) {
      const Schedule::Bucket& bucket = schedule_.buckets_[i];
      const int count = waiting_in(bucket);
      pending += count - static_cast<int>(bucket.lines[Schedule::again_line].size());
      if (!this->hold(i) || count == 0) continue;
      const Hold& hold = *this->hold(i);
      if (hold.why == Wait::Why::budget) decision_.halted = true;
      if (hold.why == Wait::Why::server || hold.why == Wait::Why::held) passes_ = true;
      if ((hold.why == Wait::Why::freeze || hold.why == Wait::Why::opening) && limits_.wait_for_openings && hold.until) passes_ = true;
      const auto same = std::find_if(found.begin(), found.end(), [&](const Wait& known) {
        return known.why == hold.why && known.what == hold.what && known.text == hold.text && known.until == hold.until;
      });
      if (same != found.end())
        same->targets += count;
      else
        found.push_back({hold.why, hold.what, hold.text, count, hold.until});
    }
    for (Wait& reason : found) wait(std::move(reason));
    for (const auto& [where, passed_over] : too_late_) {
      // When this window is over, the next one is looked at.
      const bool goes_on = passed_over.next_look && limits_.wait_for_openings;
      passes_ = passes_ || goes_on;
      wait({Wait::Why::opening, schedule_.regions_[where.first],
            where.second.empty() ? "would end after the region closes" : "would end too late: " + where.second, passed_over.targets,
            goes_on ? passed_over.next_look : std::nullopt});
    }
    if (before_notice_ > 0) {
      if (next_notice_ && limits_.wait_for_openings) passes_ = true;
      wait({Wait::Why::notice, "", next_notice_ ? "their owners were told, and have still time" : "their owners were not told yet: pgconvoy notices", before_notice_, next_notice_});
    }
    if (batch_is_full_)
      wait({Wait::Why::batch, "", fmt::format("this batch of {} is through", *limits_.batch), pending, {}});
    if (limits_.test_first && !schedule_.held_back_.empty()) say_whose_test_failed();
    if (run_is_spent_ && pending > 0) {
      decision_.halted = true;
      wait({Wait::Why::budget, "", spent_text_, pending, {}});
    }
  }

  void say_whose_test_failed() {
    const int first = *schedule_.held_back_.begin();
    for (const int test : schedule_.candidate(first).after) {
      const Standing found = schedule_.standing(test);
      if (found == Standing::succeeded || found == Standing::absent || found == Standing::pending || found == Standing::in_flight) continue;
      const int held = static_cast<int>(schedule_.held_back_.size());
      const std::string& id = schedule_.candidate(test).id;
      return wait({Wait::Why::test, id,
                   held == 1 ? fmt::format("{} waits for its test target {}, which did not succeed", schedule_.candidate(first).id, id)
                             : fmt::format("live targets wait for their test targets, which did not succeed ({} for {}, ...)",
                                           schedule_.candidate(first).id, id),
                   held, {}});
    }
  }

  const Schedule& schedule_;
  const Limits& limits_;
  const WallTime now_;
  const Surroundings& around_;
  int in_flight_;
  std::int64_t bytes_;
  std::vector<int> from_server_, to_server_, in_region_, region_limits_;
  std::vector<const Opening*> openings_;
  bool run_is_spent_ = false;
  std::string spent_text_;
  std::vector<bool> region_is_spent_;
  std::vector<std::optional<Hold>> holds_;  // by bucket; empty: none
  int begun_ = around_.begun;
  bool batch_is_full_ = false;              // as many as a batch holds were begun
  bool bytes_are_out_ = false;              // the next in order is too large for what is in flight
  std::map<std::pair<int, std::string>, TooLate> too_late_;  // by region, and by which opening
  int before_notice_ = 0;                   // targets that were passed over because of their notices
  std::optional<WallTime> next_notice_;     // the first of these that may begin
  bool passes_ = false;                     // something that is waited for ends by itself, or by a word
  Decision decision_;
};

Decision decide(const Schedule& schedule, const Limits& limits, const Surroundings& surroundings) {
  return Decider(schedule, limits, surroundings).decide();
}

PauseOutlook pause_outlook(const Schedule& schedule, const Limits& limits, const Surroundings& surroundings, int number, Seconds pause) {
  return Decider(schedule, limits, surroundings).pause_outlook(number, pause);
}

}  // namespace pgconvoy
