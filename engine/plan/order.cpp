#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <tuple>

#include "engine/plan/plan.hpp"

namespace pgconvoy {
namespace {

// xoshiro256** seeded by splitmix64 (Blackman and Vigna, prng.di.unimi.it). The standard library's generators are
// the same everywhere, its distributions and std::shuffle are not: a run's order must be.
class Random {
 public:
  explicit Random(std::uint64_t seed) {
    for (std::uint64_t& word : state_) {
      seed += 0x9e3779b97f4a7c15;
      std::uint64_t mixed = seed;
      mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
      mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
      word = mixed ^ (mixed >> 31);
    }
  }

  // Uniform in [0, bound): what would favour low values is drawn again. REQUIRES: bound > 0.
  std::uint64_t below(std::uint64_t bound) {
    const std::uint64_t rest = (std::numeric_limits<std::uint64_t>::max() % bound + 1) % bound;
    const std::uint64_t last = std::numeric_limits<std::uint64_t>::max() - rest;
    while (true) {
      const std::uint64_t drawn = next();
      if (drawn <= last) return drawn % bound;
    }
  }

 private:
  std::uint64_t next() {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  std::array<std::uint64_t, 4> state_{};
};

}  // namespace

void shuffle(std::vector<PlannedTarget>& targets, std::uint64_t seed) {
  std::sort(targets.begin(), targets.end(), [](const PlannedTarget& left, const PlannedTarget& right) {
    return std::tie(left.target.id, left.target.region) < std::tie(right.target.id, right.target.region);
  });
  Random random(seed);
  for (std::size_t left = targets.size(); left > 1; --left) {
    const std::size_t chosen = random.below(left);
    if (chosen != left - 1) std::swap(targets[left - 1], targets[chosen]);
  }
  int number = 0;
  for (PlannedTarget& planned : targets) planned.number = ++number;
}

}  // namespace pgconvoy
