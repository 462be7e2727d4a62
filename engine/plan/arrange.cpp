// The order of a run: a shuffle under constraints.
#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <tuple>

#include "engine/plan/plan.hpp"

namespace pgconvoy {
namespace {

constexpr std::size_t kLookAhead = 64;

// What of a target the order goes by.
struct Ordered {
  double key = 0;       // its place in the shuffle, in [0, 1); canaries are below 0
  int rank = 0;         // of equal keys: tests before their live targets
  std::string lane;     // the server that it leaves
  std::set<std::string> tested, live;  // applications whose test, or live, environment it holds
  bool labelled = false;
  std::vector<int> after, before;  // indices: its test targets, its live targets
};

bool says_canary(const std::map<std::string, std::string>& labels) {
  const auto label = labels.find("canary");
  return label != labels.end() && label->second == "true";
}

class Arrangement {
 public:
  Arrangement(std::vector<PlannedTarget>& targets, const Fleet& fleet, const RunOptions& options)
      : targets_(targets), fleet_(fleet), options_(options), ordered_(targets.size()) {}

  void arrange() {
    for (std::size_t i = 0; i < targets_.size(); ++i) describe(i);
    find_tests();
    move_long_ones();
    move_canaries();
    move_tests();
    number(spread());
  }

 private:
  void describe(std::size_t i) {
    const PlannedTarget& planned = targets_[i];
    Ordered& item = ordered_[i];
    item.key = static_cast<double>(i) / static_cast<double>(targets_.size());
    if (!planned.placements.empty()) item.lane = planned.placements.begin()->second.source_server;
    for (const std::string& id : planned.target.environments) {
      const auto found = fleet_.environments.find(id);
      if (found == fleet_.environments.end()) continue;
      const Environment& environment = found->second;
      item.labelled = item.labelled || says_canary(environment.labels);
      if (!environment.application.empty()) (environment.stage == "test" ? item.tested : item.live).insert(environment.application);
    }
    for (const std::string& id : planned.target.instances)
      if (const auto found = fleet_.instances.find(id); found != fleet_.instances.end())
        item.labelled = item.labelled || says_canary(found->second.labels);
  }

  // Who waits for whom. Targets that hold environments of several applications may wait for each other in a circle: there
  // the one that comes first in the shuffle waits for nobody of it.
  void find_tests() {
    std::map<std::string, std::vector<int>> tests;
    for (std::size_t i = 0; i < ordered_.size(); ++i)
      for (const std::string& application : ordered_[i].tested) tests[application].push_back(static_cast<int>(i));
    for (std::size_t i = 0; i < ordered_.size(); ++i) {
      std::set<int> after;
      for (const std::string& application : ordered_[i].live)
        if (const auto found = tests.find(application); found != tests.end()) after.insert(found->second.begin(), found->second.end());
      after.erase(static_cast<int>(i));
      ordered_[i].after.assign(after.begin(), after.end());
    }
    std::vector<int> open(ordered_.size());
    std::set<int> free, rest;
    for (std::size_t i = 0; i < ordered_.size(); ++i) {
      open[i] = static_cast<int>(ordered_[i].after.size());
      for (const int test : ordered_[i].after) ordered_[test].before.push_back(static_cast<int>(i));
      (open[i] == 0 ? free : rest).insert(static_cast<int>(i));
    }
    int rank = 0;
    std::vector<bool> done(ordered_.size());
    while (!free.empty() || !rest.empty()) {
      const bool circle = free.empty();
      const int next = circle ? *rest.begin() : *free.begin();
      (circle ? rest : free).erase(next);
      if (circle) std::erase_if(ordered_[next].after, [&](int test) { return !done[test]; });
      done[next] = true;
      ordered_[next].rank = rank++;
      for (const int live : ordered_[next].before)
        if (--open[live] == 0 && rest.erase(live)) free.insert(live);
    }
    for (Ordered& item : ordered_) item.before.clear();
    for (std::size_t i = 0; i < ordered_.size(); ++i)
      for (const int test : ordered_[i].after) ordered_[test].before.push_back(static_cast<int>(i));
  }

  // The longest tenth of a region, as far as it is longer than usual there, out of its last third.
  void move_long_ones() {
    std::map<std::string, std::vector<int>> regions;
    for (std::size_t i = 0; i < targets_.size(); ++i) regions[targets_[i].target.region].push_back(static_cast<int>(i));
    for (const auto& [region, members] : regions) {
      const std::size_t count = members.size();
      if (count < 4) continue;
      std::vector<double> seconds;
      for (const int i : members) seconds.push_back(targets_[i].seconds);
      std::sort(seconds.begin(), seconds.end());
      const double least = std::max(seconds[count - std::max<std::size_t>(1, count / 10)], seconds[count / 2] * 1.25);
      const std::size_t last_third = count * 2 / 3;
      for (std::size_t place = last_third; place < count; ++place) {
        const int i = members[place];
        if (targets_[i].seconds < least || targets_[i].blocked()) continue;
        ordered_[i].key = ordered_[members[place * 2 / 3]].key - 0.5 / static_cast<double>(targets_.size());
        targets_[i].early_because = "one of the longest of its region";
      }
    }
  }

  // Differing in what could make a difference: where it is, and how it is built.
  auto shape_of(int i) const {
    std::set<std::string> kinds;
    bool pooled = false;
    for (const std::string& id : targets_[i].target.environments)
      if (const auto found = fleet_.environments.find(id); found != fleet_.environments.end()) {
        kinds.insert(found->second.controller.kind);
        for (const Binding& binding : found->second.bindings) pooled = pooled || !binding.poolers.empty();
      }
    return std::tuple(targets_[i].target.region, ordered_[i].lane, kinds, pooled, targets_[i].target.environments.size(),
                      targets_[i].target.instances.size());
  }

  std::vector<int> chosen_canaries() const {
    std::vector<int> small;
    for (std::size_t i = 0; i < targets_.size(); ++i)
      if (!ordered_[i].tested.empty() && ordered_[i].live.empty() && !targets_[i].blocked()) small.push_back(static_cast<int>(i));
    std::stable_sort(small.begin(), small.end(), [this](int left, int right) { return targets_[left].bytes < targets_[right].bytes; });
    const auto wanted = static_cast<std::size_t>(std::max(0, options_.canaries));
    std::vector<int> chosen, alike;
    std::set<decltype(shape_of(0))> shapes;
    // One of each shape from the smaller half, then the smallest of all.
    for (std::size_t place = 0; place < small.size(); ++place) {
      const bool is_new = place <= small.size() / 2 && shapes.insert(shape_of(small[place])).second;
      (is_new ? chosen : alike).push_back(small[place]);
    }
    for (const int i : alike)
      if (chosen.size() < wanted) chosen.push_back(i);
    if (chosen.size() > wanted) chosen.resize(wanted);
    return chosen;
  }

  void move_canaries() {
    std::vector<int> canaries;
    for (std::size_t i = 0; i < ordered_.size(); ++i)
      if (ordered_[i].labelled) canaries.push_back(static_cast<int>(i));
    const bool labelled = !canaries.empty();
    if (!labelled && !options_.waves.empty()) canaries = chosen_canaries();
    double key = -1;
    for (const int i : canaries) {
      ordered_[i].key = key;
      key += 0.5 / static_cast<double>(targets_.size());
      targets_[i].early_because = labelled ? "canary" : "canary: a small test target";
    }
  }

  void move_tests() {
    std::vector<int> by_rank(ordered_.size());
    std::iota(by_rank.begin(), by_rank.end(), 0);
    std::sort(by_rank.begin(), by_rank.end(), [this](int left, int right) { return ordered_[left].rank > ordered_[right].rank; });
    for (const int live : by_rank)
      for (const int test : ordered_[live].after) {
        if (ordered_[test].key <= ordered_[live].key) continue;
        ordered_[test].key = ordered_[live].key;
        targets_[test].early_because = "before its live target " + targets_[live].target.id;
      }
  }

  // One queue for each server; taken in the order of keys, but not twice in a row from one server as long as another has
  // something, nor so late that what is left is all on one.
  std::vector<int> spread() const {
    std::vector<int> sorted(ordered_.size());
    std::iota(sorted.begin(), sorted.end(), 0);
    std::sort(sorted.begin(), sorted.end(), [this](int left, int right) {
      return std::tie(ordered_[left].key, ordered_[left].rank) < std::tie(ordered_[right].key, ordered_[right].rank);
    });
    std::vector<int> place(ordered_.size());
    for (std::size_t i = 0; i < sorted.size(); ++i) place[sorted[i]] = static_cast<int>(i);
    const auto canaries = static_cast<std::size_t>(
        std::count_if(ordered_.begin(), ordered_.end(), [](const Ordered& item) { return item.key < 0; }));
    std::vector<int> result;
    std::vector<bool> placed(ordered_.size());
    std::string last;
    spread_part({sorted.begin(), sorted.begin() + canaries}, place, placed, last, result);
    spread_part({sorted.begin() + canaries, sorted.end()}, place, placed, last, result);
    return result;
  }

  void spread_part(const std::vector<int>& part, const std::vector<int>& place, std::vector<bool>& placed, std::string& last,
                   std::vector<int>& result) const {
    std::vector<Queue> queues;
    std::map<std::string, int> known;
    std::map<int, int> queue_of;  // of those that wait for a test of this part
    for (const int i : part) {
      const auto [found, is_new] = known.try_emplace(ordered_[i].lane, static_cast<int>(queues.size()));
      if (is_new) queues.push_back({&found->first, {}, 0, -1});
      queues[found->second].items.push_back(i);
      if (!ordered_[i].after.empty()) queue_of[i] = found->second;
    }
    std::set<std::pair<int, int>> ready;           // place of a queue's first that is ready, and the queue
    std::set<std::pair<std::size_t, int>> fullness;  // how many are left in it, and the queue
    const auto look_at = [&](int number) {
      Queue& queue = queues[number];
      if (queue.ready >= 0) ready.erase({place[queue.items[queue.ready]], number});
      queue.ready = first_ready(queue, placed);
      if (queue.ready >= 0) ready.insert({place[queue.items[queue.ready]], number});
    };
    for (int number = 0; number < static_cast<int>(queues.size()); ++number) {
      look_at(number);
      fullness.insert({queues[number].left(), number});
    }
    for (std::size_t left = part.size(); left > 0; --left) {
      // Of what is ready: from another server than the last, the fullest when it could otherwise not be spread any more, else
      // the earliest. In the order of keys a test comes before its live targets: something is ready.
      const auto [most, fullest] = *fullness.rbegin();
      int chosen = ready.begin()->second;
      if (*queues[chosen].lane == last && ready.size() > 1) chosen = std::next(ready.begin())->second;
      if (most * 2 > left && queues[fullest].ready >= 0 && *queues[fullest].lane != last) chosen = fullest;

      Queue& queue = queues[chosen];
      ready.erase({place[queue.items[queue.ready]], chosen});
      fullness.erase({queue.left(), chosen});
      std::rotate(queue.items.begin() + queue.next, queue.items.begin() + queue.ready, queue.items.begin() + queue.ready + 1);
      const int i = queue.items[queue.next++];
      queue.ready = -1;
      if (queue.left() > 0) fullness.insert({queue.left(), chosen});
      placed[i] = true;
      last = *queue.lane;
      result.push_back(i);
      look_at(chosen);
      for (const int live : ordered_[i].before)
        if (const auto found = queue_of.find(live); found != queue_of.end()) look_at(found->second);
    }
  }

  // Targets that leave one server, in the order of their keys but for what was taken out of it.
  struct Queue {
    const std::string* lane = nullptr;
    std::vector<int> items;
    std::size_t next = 0;
    int ready = -1;  // index of the first one whose tests are placed; -1: none within sight
    std::size_t left() const { return items.size() - next; }
  };

  // One whose test target is still to come lets those behind it go first.
  int first_ready(const Queue& queue, const std::vector<bool>& placed) const {
    const std::size_t end = std::min(queue.items.size(), queue.next + kLookAhead);
    for (std::size_t at = queue.next; at < end; ++at) {
      const std::vector<int>& after = ordered_[queue.items[at]].after;
      if (std::all_of(after.begin(), after.end(), [&](int test) { return placed[test]; })) return static_cast<int>(at);
    }
    return -1;
  }

  void number(const std::vector<int>& order) {
    std::vector<int> numbers(targets_.size());
    for (std::size_t i = 0; i < order.size(); ++i) numbers[order[i]] = static_cast<int>(i) + 1;
    std::vector<PlannedTarget> arranged;
    arranged.reserve(targets_.size());
    for (const int i : order) {
      PlannedTarget planned = std::move(targets_[i]);
      planned.number = numbers[i];
      planned.after.clear();
      for (const int test : ordered_[i].after) planned.after.push_back(numbers[test]);
      std::sort(planned.after.begin(), planned.after.end());
      arranged.push_back(std::move(planned));
    }
    targets_ = std::move(arranged);
  }

  std::vector<PlannedTarget>& targets_;
  const Fleet& fleet_;
  const RunOptions& options_;
  std::vector<Ordered> ordered_;
};

}  // namespace

void arrange(std::vector<PlannedTarget>& targets, const Fleet& fleet, const RunOptions& options) {
  Arrangement(targets, fleet, options).arrange();
}

}  // namespace pgconvoy
