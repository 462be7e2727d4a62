#include <catch2/catch.hpp>

#include <algorithm>
#include <map>

#include "engine/plan/plan.hpp"
#include "tests/engine/plan/random_fleet.hpp"

using namespace pgconvoy;

namespace {

std::vector<PlannedTarget> targets(std::size_t count) {
  std::vector<PlannedTarget> result(count);
  for (std::size_t i = 0; i < count; ++i) result[i].target.id = fmt::format("t{:04}", i);
  return result;
}

std::vector<std::string> ids(const std::vector<PlannedTarget>& targets) {
  std::vector<std::string> result;
  for (const PlannedTarget& planned : targets) result.push_back(planned.target.id);
  return result;
}

}  // namespace

// Computed in Python from the published algorithms: the order of a run that was
// planned elsewhere must come out again.
TEST_CASE("shuffle: the order for a seed never changes") {
  auto ten = targets(10);
  shuffle(ten, 42);
  CHECK(ids(ten) == std::vector<std::string>{"t0007", "t0003", "t0008", "t0009", "t0005", "t0006", "t0004", "t0001",
                                             "t0000", "t0002"});
  auto again = targets(10);
  shuffle(again, 18446744073709551615U);
  CHECK(ids(again) == std::vector<std::string>{"t0001", "t0005", "t0004", "t0009", "t0003", "t0000", "t0007", "t0006",
                                               "t0008", "t0002"});
}

TEST_CASE("shuffle: keeps the set, numbers it from 1, and forgets the order it was given in") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    INFO("seed " << seed);
    testing::SmallRandom random(seed);
    auto left = targets(random.below(40));
    auto right = left;
    for (std::size_t i = right.size(); i > 1; --i) std::swap(right[i - 1], right[random.below(i)]);
    const auto before = ids(left);
    shuffle(left, seed);
    shuffle(right, seed);
    CHECK(ids(left) == ids(right));
    auto sorted = ids(left);
    std::sort(sorted.begin(), sorted.end());
    CHECK(sorted == before);
    for (std::size_t i = 0; i < left.size(); ++i) CHECK(left[i].number == static_cast<int>(i) + 1);
  }
}

TEST_CASE("shuffle: every order is about equally likely") {
  std::map<std::vector<std::string>, int> seen;
  constexpr int kRounds = 24'000;
  for (int seed = 0; seed < kRounds; ++seed) {
    auto four = targets(4);
    shuffle(four, static_cast<std::uint64_t>(seed));
    ++seen[ids(four)];
  }
  REQUIRE(seen.size() == 24);
  // 1000 expected each, a standard deviation of 31: six of them on either side.
  for (const auto& [order, count] : seen) CHECK(std::abs(count - kRounds / 24) < 190);
}
