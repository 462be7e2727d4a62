// The state: who stands where, and the counts that decisions are made from. The decision itself: decide.cpp.
#include "engine/plan/schedule.hpp"

#include <algorithm>
#include <tuple>

namespace pgconvoy {
namespace {

bool has_ended(Standing standing) {
  return standing == Standing::succeeded || standing == Standing::failed || standing == Standing::skipped;
}

// What a wave has to see the end of.
bool is_open(Standing standing) { return standing != Standing::absent && standing != Standing::left && !has_ended(standing); }

int index_of(std::vector<std::string>& names, std::map<std::string, int>& known, const std::string& name) {
  const auto [found, is_new] = known.try_emplace(name, static_cast<int>(names.size()));
  if (is_new) names.push_back(name);
  return found->second;
}

std::string key_of(const Candidate& candidate) {
  std::string key = candidate.region;
  for (const auto* servers : {&candidate.source_servers, &candidate.target_servers}) {
    key += '\n';
    for (const std::string& server : *servers) key += server + '\0';
  }
  for (const Freeze& freeze : candidate.freezes)
    key += '\n' + std::to_string(freeze.from.time_since_epoch().count()) + ' ' +
           std::to_string(freeze.until.time_since_epoch().count()) + freeze.reason;
  for (const std::string& windows : candidate.windows) key += '\n' + windows;
  return key;
}

}  // namespace

Schedule::Schedule(std::vector<Candidate> candidates, std::vector<int> wave_ends)
    : candidates_(std::make_shared<const std::vector<Candidate>>(std::move(candidates))), items_(candidates_->size()), wave_ends_(std::move(wave_ends)) {
  if (wave_ends_.empty() || wave_ends_.back() < size()) wave_ends_.push_back(size());
  std::map<std::string, int> known_regions, known_servers, known_buckets;
  std::size_t wave = 0;
  of_wave_.resize(wave_ends_.size());
  for (const Candidate& candidate : *candidates_) {
    Item& item = items_[candidate.number - 1];
    while (candidate.number > wave_ends_[wave]) ++wave;
    item.wave = static_cast<int>(wave) + 1;
    item.region = index_of(regions_, known_regions, candidate.region);
    const auto [bucket, is_new] = known_buckets.try_emplace(key_of(candidate), static_cast<int>(buckets_.size()));
    item.bucket = bucket->second;
    any_freezes_ = any_freezes_ || !candidate.freezes.empty() || !candidate.windows.empty();
    if (is_new) {
      Bucket made;
      made.region = item.region;
      made.freezes = candidate.freezes;
      made.windows = candidate.windows;
      for (const std::string& server : candidate.source_servers) made.sources.push_back(index_of(servers_, known_servers, server));
      for (const std::string& server : candidate.target_servers) made.targets.push_back(index_of(servers_, known_servers, server));
      buckets_.push_back(std::move(made));
    }
    ++of_wave_[wave].targets;
    of_region_.resize(regions_.size());
    ++of_region_[item.region].targets;
    for (const int test : candidate.after) items_.at(test - 1).dependents.push_back(candidate.number);
  }
  from_server_.resize(servers_.size());
  to_server_.resize(servers_.size());
}

std::pair<int, int> Schedule::range_of(int wave) const {
  return {wave == 1 ? 1 : wave_ends_.at(wave - 2) + 1, wave_ends_.at(wave - 1)};
}

bool Schedule::tests_passed(int number) const {
  const std::vector<int>& after = candidate(number).after;
  return std::all_of(after.begin(), after.end(), [this](int test) {
    const Standing found = standing(test);
    return found == Standing::succeeded || found == Standing::absent;
  });
}

bool Schedule::test_failed(int number) const {
  const std::vector<int>& after = candidate(number).after;
  return std::any_of(after.begin(), after.end(), [this](int test) {
    const Standing found = standing(test);
    return found == Standing::failed || found == Standing::skipped || found == Standing::left || items_[test - 1].held_back;
  });
}

// The line in which a target waits to be started, if it does; and whether it is held back for good.
void Schedule::put_into_line(int number) {
  Item& item = items_[number - 1];
  Bucket& bucket = buckets_[item.bucket];
  if (item.line) bucket.lines[*item.line].erase(number);
  item.line.reset();
  switch (item.standing) {
    case Standing::interrupted:
      item.line = interrupted_line;
      break;
    case Standing::again:
      item.line = again_line;
      break;
    case Standing::pending:
      item.line = tests_passed(number) ? ready_line : dependent_line;
      break;
    default:
      break;
  }
  if (item.line) bucket.lines[*item.line].insert(number);
  const bool held_back = item.standing == Standing::pending && test_failed(number);
  if (held_back == item.held_back) return;
  item.held_back = held_back;
  of_wave_[item.wave - 1].held_back += held_back ? 1 : -1;
  if (held_back)
    held_back_.insert(number);
  else
    held_back_.erase(number);
  for (const int dependent : item.dependents) put_into_line(dependent);
}

void Schedule::count_failure(Item& item, bool failure) {
  if (item.counted == failure) return;
  item.counted = failure;
  const int change = failure ? 1 : -1;
  failures_ += change;
  of_region_[item.region].failures += change;
  of_wave_[item.wave - 1].failures += change;
}

void Schedule::told(int number, WallTime from) {
  std::optional<WallTime>& known = items_.at(number - 1).told_from;
  if (!known) known = from;
}

void Schedule::unhealthy(int number) { count_failure(items_.at(number - 1), true); }

void Schedule::stands(int number, Standing standing, bool counts) {
  Item& item = items_.at(number - 1);
  const Candidate& candidate = (*candidates_)[number - 1];
  const auto fly = [&](int change) {
    in_flight_ += change;
    bytes_in_flight_ += change * candidate.bytes;
    of_region_[item.region].in_flight += change;
    for (const int server : buckets_[item.bucket].sources) from_server_[server] += change;
    for (const int server : buckets_[item.bucket].targets) to_server_[server] += change;
  };
  if (item.standing == Standing::in_flight) fly(-1);
  if (standing == Standing::in_flight) fly(1);
  of_wave_[item.wave - 1].open += is_open(standing) - is_open(item.standing);
  count_failure(item, counts && (standing == Standing::failed || standing == Standing::left));
  item.standing = standing;
  put_into_line(number);
  for (const int dependent : item.dependents) put_into_line(dependent);
}

std::optional<std::vector<int>> wave_ends(const std::string& text, int targets) {
  std::vector<int> ends;
  std::optional<Budget> number, share;
  std::size_t from = 0;
  while (from <= text.size()) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    const auto step = parse_budget(text.substr(from, comma - from));
    if (!step || step->amount <= 0) return std::nullopt;
    std::optional<Budget>& before = step->percent ? share : number;
    if (before && step->amount <= before->amount) return std::nullopt;
    before = step;
    const int end = std::min(step->of(targets), targets);
    if (end > (ends.empty() ? 0 : ends.back())) ends.push_back(end);
    from = comma + 1;
  }
  if (ends.empty() || ends.back() < targets) ends.push_back(targets);
  return ends;
}

const char* to_string(Wait::Why why) {
  switch (why) {
    case Wait::Why::approval:
      return "approval";
    case Wait::Why::soak:
      return "soak";
    case Wait::Why::budget:
      return "budget";
    case Wait::Why::held:
      return "held";
    case Wait::Why::server:
      return "server";
    case Wait::Why::bytes:
      return "bytes";
    case Wait::Why::freeze:
      return "freeze";
    case Wait::Why::opening:
      return "opening";
    case Wait::Why::test:
      return "test";
    case Wait::Why::batch:
      return "batch";
    case Wait::Why::notice:
      return "notice";
  }
  return "?";
}

}  // namespace pgconvoy
