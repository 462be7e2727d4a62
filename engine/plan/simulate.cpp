#include "engine/plan/simulate.hpp"

#include <algorithm>
#include <cmath>
#include <queue>
#include <set>
#include <thread>
#include <tuple>

#include "engine/plan/estimate.hpp"
#include "engine/plan/random_draws.hpp"
#include "engine/plan/region_windows.hpp"
#include "engine/plan/robust.hpp"
#include "engine/plan/run_settings.hpp"

namespace pgconvoy {
namespace {

constexpr double kBlockedSeconds = 1;                     // its facts are read and it is skipped
const std::chrono::hours kHorizon{24 * 365 * 2};
constexpr int kOpeningsWithoutStart = 40;

WallTime::duration to_wall(double seconds) { return std::chrono::duration_cast<WallTime::duration>(Seconds(seconds)); }

// Shares of a target's seconds: before its pause, and in it. Of a plan without steps (an outline) all that isn't pause comes before.
std::pair<double, double> shares_of_pause(const PlannedTarget& planned) {
  if (planned.seconds <= 0 || planned.paused_seconds <= 0) return {1, 0};
  const double paused = std::min(1.0, planned.paused_seconds / planned.seconds);
  const auto begin = std::find_if(planned.steps.begin(), planned.steps.end(), [](const StepPlan& step) { return step.while_paused; });
  if (begin == planned.steps.end()) return {1 - paused, paused};
  double before = 0;
  for (auto step = planned.steps.begin(); step != begin; ++step) before += step->seconds;
  return {std::min(before / planned.seconds, 1 - paused), paused};
}

// What all draws share; never changed.
struct Prepared {
  Prepared(const Plan& plan_, const SimulationRequest& request_)
      : plan(plan_), request(request_), limits(limits_of(plan.options, plan.fleet)),
        schedule(candidates_of(plan), plan.options.waves.empty() ? std::vector<int>() : wave_ends(plan.options.waves, static_cast<int>(plan.targets.size())).value_or(std::vector<int>())) {
    std::map<std::string, int> known_regions, known_pairs, known_servers;
    const auto index = [](std::map<std::string, int>& known, const std::string& name) {
      return known.try_emplace(name, static_cast<int>(known.size())).first->second;
    };
    const SimulatedStart* start = request.start ? &*request.start : nullptr;
    for (const PlannedTarget& planned : plan.targets) {
      Target target;
      target.log_alone = std::log(std::max(planned.seconds, 1e-3)) - plan.contention * std::log(std::max(1.0, planned.beside)) + (start ? start->shift : 0);
      target.spread = planned.spread;
      target.shared_spread = start && start->shared_spread ? *start->shared_spread : planned.shared_spread;
      target.region = index(known_regions, planned.target.region);
      target.pair = index(known_pairs, pair_of(planned, ""));
      target.blocked = planned.blocked();
      std::tie(target.before_pause, target.in_pause) = shares_of_pause(planned);
      target.bytes = planned.bytes;
      for (const auto& [instance, placement] : planned.placements)
        for (const std::string& server : {placement.source_server, placement.target_server})
          if (const int found = index(known_servers, server); std::find(target.servers.begin(), target.servers.end(), found) == target.servers.end())
            target.servers.push_back(found);
      targets.push_back(std::move(target));
    }
    regions.resize(known_regions.size());
    for (const auto& [name, number] : known_regions) regions[number] = name;
    pairs = static_cast<int>(known_pairs.size());
    servers.resize(known_servers.size());
    for (const auto& [name, number] : known_servers) servers[static_cast<std::size_t>(number)] = name;
    std::size_t most = targets.size() + 2;
    for (std::size_t k = 0; k < most; ++k) log_slower.push_back(plan.contention * std::log(std::max<double>(1, static_cast<double>(k))));
    for (int number = 1; number <= schedule.size(); ++number)
      schedule.stands(number, start ? start->targets.at(number - 1).standing : Standing::pending, false);
    // Owners are told when the run begins; of a run under way they have been.
    if (limits.notices)
      for (int number = 1; number <= schedule.size(); ++number)
        schedule.told(number, request.from + to_wall(start ? 0 : plan.fleet.notices.before.value_or(Seconds(0)).count()));
    if (!start) return;
    schedule.approve_up_to(start->approved);
    schedule.open_wave(std::min(start->wave, schedule.waves()));
    if (start->wave_ended) schedule.wave_ended(*start->wave_ended);
  }

  struct Target {
    double log_alone = 0, spread = 0, shared_spread = 0;
    int region = 0, pair = 0;
    bool blocked = false;
    std::int64_t bytes = 0;
    std::vector<int> servers;  // that it is at work on
    double before_pause = 1, in_pause = 0;  // shares of its seconds; the rest comes after
  };

  const Plan& plan;
  const SimulationRequest& request;
  const Limits limits;
  Schedule schedule;
  std::vector<Target> targets;
  std::vector<std::string> regions, servers;
  std::vector<double> log_slower;  // by targets in flight in a region
  int pairs = 0;
};

struct OpeningTally {
  WallTime close;
  int finished = 0;
  bool late = false;
};

// What one draw comes to.
struct Outcome {
  double seconds = 0;
  std::vector<double> of_region;
  std::vector<int> most_on_server;
  std::map<std::pair<int, WallTime>, OpeningTally> openings;  // region, open
  std::int64_t most_bytes = 0;
  int most_targets = 0, not_reached = 0;
  bool approvals = false, rests = false;
  std::vector<int> order;  // when it was asked for
};

class Draw {
 public:
  // `number` from 0; none: without any deviation.
  Draw(const Prepared& prepared, std::optional<int> number, bool keep_order)
      : prepared_(prepared), schedule_(prepared.schedule), windows_(prepared.plan.fleet, prepared.plan.options.windows),
        draws_(prepared.request.seed * 0x2545f4914f6cdd1dU + static_cast<std::uint64_t>(number.value_or(0))), deviates_(number.has_value()),
        keep_order_(keep_order), in_region_(prepared.regions.size()), opening_of_(prepared.regions.size()) {
    shared_.resize(static_cast<std::size_t>(prepared.pairs));
    // Evenly over what all targets of a pair have in common: a few draws then say as much as many.
    const int draws = std::max(1, prepared.request.draws);
    if (deviates_)
      for (int pair = 0; pair < prepared.pairs; ++pair)
        shared_[pair] = normal_quantile(((static_cast<std::int64_t>(*number) * (2 * pair + 1) + 7 * pair) % draws + 0.5) / draws);
    outcome_.of_region.resize(prepared.regions.size());
    outcome_.most_on_server.resize(prepared.servers.size());
    on_server_.resize(prepared.servers.size());
    outcome_.order.reserve(keep_order ? prepared.targets.size() : 0);
    around_.now = prepared.request.from;
    if (!prepared.request.start) return;
    for (int n = 1; n <= schedule_.size(); ++n)
      if (schedule_.standing(n) == Standing::in_flight) fly(n, prepared.request.start->targets[n - 1].elapsed);
  }

  Outcome run() {
    const WallTime last = prepared_.request.from + kHorizon;
    while (around_.now < last) {
      look_at_windows();
      const Decision decision = decide(schedule_, prepared_.limits, around_);
      if (decision.ended_wave) {
        schedule_.wave_ended(around_.now);
        continue;
      }
      if (decision.open_wave) {
        schedule_.open_wave(*decision.open_wave);
        continue;
      }
      for (const int number : decision.start) schedule_.stands(number, Standing::in_flight);
      begin(decision.start);
      if (!go_on(decision)) break;
    }
    outcome_.seconds = *std::max_element(outcome_.of_region.begin(), outcome_.of_region.end());
    for (int number = 1; number <= schedule_.size(); ++number) {
      const Standing standing = schedule_.standing(number);
      outcome_.not_reached += !target(number).blocked && (standing == Standing::pending || standing == Standing::again);
    }
    return std::move(outcome_);
  }

 private:
  enum class Phase { prepared, paused, all };  // what has ended
  struct End {
    WallTime at;
    int number;
    Phase phase;
    double seconds;  // of the whole target
    bool operator>(const End& other) const { return std::tie(at, number, phase) > std::tie(other.at, other.number, other.phase); }
  };

  const Prepared::Target& target(int number) const { return prepared_.targets[static_cast<std::size_t>(number - 1)]; }

  // The calendar is asked, and openings are copied, only when one of them begins or ends.
  void look_at_windows() {
    if (around_.now < openings_hold_until_) return;
    around_.openings = windows_.at(around_.now);
    openings_hold_until_ = WallTime::max();
    for (std::size_t region = 0; region < prepared_.regions.size(); ++region) {
      const auto found = around_.openings.find(prepared_.regions[region]);
      opening_of_[region] = found == around_.openings.end() ? nullptr : &found->second;
    }
    for (const auto& [region, opening] : around_.openings)
      for (const auto& moment : {opening.not_before, opening.not_after})
        if (moment && *moment > around_.now) openings_hold_until_ = std::min(openings_hold_until_, *moment);
  }

  // All that start at one moment hinder each other from the beginning.
  void begin(const std::vector<int>& numbers) {
    for (const int number : numbers) ++in_region_[target(number).region];
    for (const int number : numbers) {
      if (keep_order_) outcome_.order.push_back(number);
      --in_region_[target(number).region];
      fly(number, 0);
      ++around_.begun;
    }
    if (numbers.empty()) return;
    openings_without_start_ = 0;
    outcome_.most_targets = std::max(outcome_.most_targets, schedule_.in_flight());
    outcome_.most_bytes = std::max(outcome_.most_bytes, bytes_);
  }

  // For so long it has been in flight already.
  void fly(int number, double elapsed) {
    const Prepared::Target& item = target(number);
    const int beside = ++in_region_[item.region];
    bytes_ += item.bytes;
    for (const int server : item.servers) {
      int& most = outcome_.most_on_server[static_cast<std::size_t>(server)];
      most = std::max(most, ++on_server_[static_cast<std::size_t>(server)]);
    }
    const double common = item.shared_spread * shared_[item.pair];
    const double log_middle = item.log_alone + common + prepared_.log_slower[static_cast<std::size_t>(std::min<std::size_t>(beside, prepared_.log_slower.size() - 1))];
    double seconds = kBlockedSeconds;
    if (!item.blocked) seconds = elapsed > 0 ? rest_of(log_middle, item.spread, elapsed) : std::exp(log_middle + (deviates_ ? item.spread * draws_.normal() : 0));
    fly_by_phases(number, seconds, elapsed);
    if (const Opening* opening = opening_of_[item.region]; opening && opening->not_before && opening->not_after) {
      OpeningTally& tally = outcome_.openings[{item.region, *opening->not_before}];
      tally.close = *opening->not_after;
      if (begun_in_.empty()) begun_in_.resize(prepared_.targets.size());
      begun_in_[static_cast<std::size_t>(number - 1)] = &tally;
    }
  }

  // With a limit of pauses a target waits for a place between its preparation and its pause, and is in flight meanwhile. `left`:
  // seconds from now to its end, if it doesn't wait.
  void fly_by_phases(int number, double left, double elapsed) {
    const Prepared::Target& item = target(number);
    const double all = left + elapsed;
    if (!prepared_.limits.paused || item.in_pause <= 0 || item.blocked) return queue_.push({around_.now + to_wall(left), number, Phase::all, all});
    const double pause_begins = item.before_pause * all, pause_ends = (item.before_pause + item.in_pause) * all;
    if (elapsed < pause_begins || elapsed == 0) return queue_.push({around_.now + to_wall(pause_begins - elapsed), number, Phase::prepared, all});
    if (elapsed >= pause_ends) return queue_.push({around_.now + to_wall(left), number, Phase::all, all});
    ++paused_;
    queue_.push({around_.now + to_wall(pause_ends - elapsed), number, Phase::paused, all});
  }

  void end_phase(const End& ended) {
    if (ended.phase == Phase::all) return end(ended);
    if (ended.phase == Phase::prepared) {
      for_pause_.push(ended);
    } else {
      --paused_;
      const Prepared::Target& item = target(ended.number);
      queue_.push({ended.at + to_wall(std::max(0.0, 1 - item.before_pause - item.in_pause) * ended.seconds), ended.number, Phase::all, ended.seconds});
    }
    while (!for_pause_.empty() && paused_ < *prepared_.limits.paused) {
      const End next = for_pause_.front();
      for_pause_.pop();
      ++paused_;
      queue_.push({ended.at + to_wall(target(next.number).in_pause * next.seconds), next.number, Phase::paused, next.seconds});
    }
  }

  // What is left of one that hasn't ended yet, by the part of its distribution that is still possible.
  double rest_of(double log_middle, double spread, double elapsed) {
    const double past = normal_share((std::log(elapsed) - log_middle) / std::max(spread, 1e-3));
    const double where = deviates_ ? draws_.uniform() : 0.5;
    const double share = std::min(past + where * (1 - past), 1 - 1e-9);
    return std::max(0.02 * elapsed, std::exp(log_middle + spread * normal_quantile(std::max(share, 1e-9))) - elapsed);
  }

  void end(const End& ended) {
    const Prepared::Target& item = target(ended.number);
    --in_region_[item.region];
    bytes_ -= item.bytes;
    for (const int server : item.servers) --on_server_[static_cast<std::size_t>(server)];
    schedule_.stands(ended.number, item.blocked ? Standing::skipped : Standing::succeeded);
    double& last = outcome_.of_region[static_cast<std::size_t>(item.region)];
    last = std::max(last, Seconds(ended.at - prepared_.request.from).count());
    if (begun_in_.empty()) return;
    if (OpeningTally* tally = begun_in_[static_cast<std::size_t>(ended.number - 1)]; tally && !item.blocked) {
      ++tally->finished;
      tally->late = tally->late || ended.at > tally->close;
    }
  }

  // To the next moment at which something changes; false when nothing will.
  bool go_on(const Decision& decision) {
    std::optional<WallTime> next;
    const auto at = [&](WallTime moment) {
      if (moment > around_.now && (!next || moment < *next)) next = moment;
    };
    if (!queue_.empty()) next = std::max(queue_.top().at, around_.now);
    if (decision.wait_until) at(*decision.wait_until);
    for (const Wait& wait : decision.waits) {
      if (wait.why == Wait::Why::approval) approve(at);
      if (queue_.empty() && wait.why == Wait::Why::batch && decision.finished) {
        around_.begun = 0;
        outcome_.rests = true;
        at(around_.now + to_wall(prepared_.request.continue_after.count()));
      }
      if (queue_.empty() && (wait.why == Wait::Why::opening || wait.why == Wait::Why::freeze)) {
        // Rests until its window opens, or the next one after this, and is taken up again then.
        if (decision.finished) outcome_.rests = true;
        if (wait.until) at(*wait.until);
        if (!wait.until && openings_hold_until_ != WallTime::max()) at(openings_hold_until_);
        if (decision.finished) around_.begun = 0;
      }
    }
    if (!next) return false;
    if (queue_.empty() && ++openings_without_start_ > kOpeningsWithoutStart) return false;
    around_.now = *next;
    while (!queue_.empty() && queue_.top().at <= around_.now) {
      const End ended = queue_.top();
      queue_.pop();
      end_phase(ended);
    }
    return true;
  }

  template <class At>
  void approve(const At& at) {
    outcome_.approvals = true;
    const WallTime said = *schedule_.current_wave_ended() + to_wall(std::max(prepared_.request.approve_after, prepared_.limits.soak).count());
    if (said <= around_.now || approval_waits_) {
      approval_waits_ = false;
      schedule_.approve_up_to(schedule_.current_wave() + 1);
      at(around_.now + std::chrono::milliseconds(1));
      return;
    }
    approval_waits_ = true;
    at(said);
  }

  const Prepared& prepared_;
  Schedule schedule_;
  RegionWindows windows_;
  RandomDraws draws_;
  const bool deviates_, keep_order_;
  Surroundings around_;
  WallTime openings_hold_until_ = WallTime::min();
  std::vector<int> in_region_, on_server_;
  std::vector<const Opening*> opening_of_;
  std::vector<double> shared_;  // by pair: a standard deviate
  std::vector<OpeningTally*> begun_in_;
  std::priority_queue<End, std::vector<End>, std::greater<>> queue_;
  std::queue<End> for_pause_;  // prepared
  int paused_ = 0;
  std::int64_t bytes_ = 0;
  int openings_without_start_ = 0;
  bool approval_waits_ = false;
  Outcome outcome_;
};

Spread spread_over(std::vector<double> values) {
  return {quantile(values, 0.1), quantile(values, 0.5), quantile(std::move(values), 0.9)};
}

template <class Of>
Spread spread_of(const std::vector<Outcome>& outcomes, Of of) {
  std::vector<double> values;
  values.reserve(outcomes.size());
  for (const Outcome& outcome : outcomes) values.push_back(static_cast<double>(of(outcome)));
  return spread_over(std::move(values));
}

bool is_to_be_done(Standing standing) {
  return standing == Standing::pending || standing == Standing::again || standing == Standing::interrupted || standing == Standing::in_flight;
}

std::vector<OpeningForecast> openings_of(const Prepared& prepared, const std::vector<Outcome>& outcomes, const std::vector<int>& to_do) {
  std::map<std::pair<WallTime, int>, WallTime> all;  // open, region -> close
  for (const Outcome& outcome : outcomes)
    for (const auto& [key, tally] : outcome.openings) all[{key.second, key.first}] = tally.close;
  std::vector<std::vector<int>> left(outcomes.size(), to_do);
  std::vector<OpeningForecast> result;
  for (const auto& [key, close] : all) {
    const auto& [open, region] = key;
    OpeningForecast opening{prepared.regions[region], open, close, {}, {}, 0};
    std::vector<double> finished, rest;
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      const auto found = outcomes[i].openings.find({region, open});
      const int here = found == outcomes[i].openings.end() ? 0 : found->second.finished;
      left[i][region] -= here;
      finished.push_back(here);
      rest.push_back(left[i][region]);
      opening.late += found != outcomes[i].openings.end() && found->second.late ? 1.0 / static_cast<double>(outcomes.size()) : 0;
    }
    opening.finished = spread_over(std::move(finished));
    opening.left = spread_over(std::move(rest));
    result.push_back(std::move(opening));
  }
  return result;
}

// A target's databases are known by their sum: of one with several it is divided evenly.
void add_bytes(Forecast& forecast, const Plan& plan, const Schedule& schedule) {
  for (const PlannedTarget& planned : plan.targets) {
    if (planned.blocked() || planned.placements.empty() || !is_to_be_done(schedule.standing(planned.number))) continue;
    const auto share = planned.bytes / static_cast<std::int64_t>(planned.placements.size());
    for (const auto& [instance, placement] : planned.placements) forecast.servers[placement.target_server].bytes += share;
  }
}

}  // namespace

Forecast simulate(const Plan& plan, const SimulationRequest& request) {
  Forecast forecast;
  forecast.from = request.from;
  if (plan.targets.empty() || request.draws < 1) return forecast;
  const Prepared prepared(plan, request);
  std::vector<Outcome> outcomes(static_cast<std::size_t>(request.draws));
  const int threads = std::clamp(request.threads, 1, request.draws);
  const auto work = [&](int first) {
    for (int draw = first; draw < request.draws; draw += threads) outcomes[static_cast<std::size_t>(draw)] = Draw(prepared, draw, false).run();
  };
  (void)RandomDraws(0).normal();  // its table is made before there are two who want it
  {
    std::vector<std::jthread> others;
    for (int i = 1; i < threads; ++i) others.emplace_back(work, i);
    work(0);
  }
  std::vector<int> to_do(prepared.regions.size());
  for (int number = 1; number <= prepared.schedule.size(); ++number)
    if (is_to_be_done(prepared.schedule.standing(number)) && !prepared.targets[static_cast<std::size_t>(number - 1)].blocked)
      ++to_do[static_cast<std::size_t>(prepared.targets[static_cast<std::size_t>(number - 1)].region)];
  forecast.draws = request.draws;
  forecast.seconds = spread_of(outcomes, [](const Outcome& outcome) { return outcome.seconds; });
  forecast.bytes_in_flight = spread_of(outcomes, [](const Outcome& outcome) { return outcome.most_bytes; });
  forecast.targets_in_flight = spread_of(outcomes, [](const Outcome& outcome) { return outcome.most_targets; });
  forecast.not_reached = spread_of(outcomes, [](const Outcome& outcome) { return outcome.not_reached; });
  for (std::size_t region = 0; region < prepared.regions.size(); ++region) {
    RegionForecast& own = forecast.regions[prepared.regions[region]];
    own.targets = to_do[region];
    own.seconds = spread_of(outcomes, [region](const Outcome& outcome) { return outcome.of_region[region]; });
    forecast.targets += own.targets;
  }
  for (std::size_t server = 0; server < prepared.servers.size(); ++server)
    forecast.servers[prepared.servers[server]].targets = spread_of(outcomes, [server](const Outcome& outcome) { return outcome.most_on_server[server]; });
  add_bytes(forecast, plan, prepared.schedule);
  for (const Outcome& outcome : outcomes) {
    forecast.approvals = forecast.approvals || outcome.approvals;
    forecast.rests = forecast.rests || outcome.rests;
  }
  forecast.openings = openings_of(prepared, outcomes, to_do);
  return forecast;
}

std::vector<int> simulated_order(const Plan& plan, WallTime from) {
  if (plan.targets.empty()) return {};
  SimulationRequest request;
  request.from = from;
  const Prepared prepared(plan, request);
  return Draw(prepared, std::nullopt, true).run().order;
}

}  // namespace pgconvoy
