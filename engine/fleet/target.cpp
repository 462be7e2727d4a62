#include "engine/fleet/target.hpp"

#include <algorithm>
#include <numeric>
#include <unordered_map>

namespace pgconvoy {
namespace {

class DisjointSets {
 public:
  explicit DisjointSets(std::size_t count) : parent_(count) { std::iota(parent_.begin(), parent_.end(), 0); }

  std::size_t root(std::size_t member) {
    while (parent_[member] != member) member = parent_[member] = parent_[parent_[member]];
    return member;
  }
  // The smaller root wins, so that the result doesn't depend on the order of the calls.
  void join(std::size_t a, std::size_t b) {
    a = root(a);
    b = root(b);
    parent_[std::max(a, b)] = std::min(a, b);
  }

 private:
  std::vector<std::size_t> parent_;
};

}  // namespace

std::vector<Target> group_targets(const Fleet& fleet) {
  // Environments come first and both in the order of their ids, so a set's root is its first environment, or its
  // instance when it has none.
  std::unordered_map<std::string_view, std::size_t> number_of;
  std::size_t next = fleet.environments.size();
  for (const auto& [id, instance] : fleet.instances) number_of.emplace(id, next++);

  DisjointSets sets(next);
  std::size_t number = 0;
  for (const auto& [id, environment] : fleet.environments) {
    for (const Binding& binding : environment.bindings)
      if (const auto found = number_of.find(binding.instance); found != number_of.end())
        sets.join(number, found->second);
    ++number;
  }

  std::map<std::size_t, Target> by_root;
  number = 0;
  for (const auto& [id, environment] : fleet.environments) {
    Target& target = by_root[sets.root(number++)];
    if (target.id.empty()) {
      target.id = id;
      target.region = environment.region;
    }
    target.environments.push_back(id);
  }
  for (const auto& [id, instance] : fleet.instances) {
    Target& target = by_root[sets.root(number++)];
    if (target.id.empty()) {
      target.id = id;
      const auto server = fleet.servers.find(instance.server);
      if (server != fleet.servers.end()) target.region = server->second.region;
    }
    target.instances.push_back(id);
  }

  std::vector<Target> targets;
  targets.reserve(by_root.size());
  for (auto& [root, target] : by_root) targets.push_back(std::move(target));
  std::sort(targets.begin(), targets.end(), [](const Target& a, const Target& b) { return a.id < b.id; });
  return targets;
}

}  // namespace pgconvoy
