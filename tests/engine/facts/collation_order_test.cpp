#include "engine/facts/collation_order.hpp"

#include "tests/support/catch.hpp"

using namespace pgconvoy;

namespace {

const std::vector<std::string> kStrings{"a", "b", "c", "m", "t"};  // of which m and t may be bounds

CollationOrder compared(std::vector<int> source, std::vector<int> target, std::size_t bounds = 2) {
  CollationOrder order;
  compare_orders(order, kStrings, bounds, source, target);
  return order;
}

}  // namespace

TEST_CASE("collation order: the same order is no difference") {
  const CollationOrder same = compared({0, 1, 2, 3, 4}, {0, 1, 2, 3, 4});
  CHECK(same.apart == 0);
  CHECK(same.strings == 5);
  CHECK(same.first.empty());
  CHECK_FALSE(same.bounds_crossed);
}

TEST_CASE("collation order: neighbours that change places are counted, and the first pair is told") {
  const CollationOrder changed = compared({0, 1, 2, 3, 4}, {1, 0, 2, 3, 4});
  CHECK(changed.apart == 1);
  CHECK(changed.first == "a");
  CHECK(changed.second == "b");
  CHECK_FALSE(changed.bounds_crossed);
  CHECK_FALSE(changed.bounds_reordered);
}

TEST_CASE("collation order: a string across a bound, and bounds that change places") {
  const CollationOrder crossed = compared({0, 1, 2, 3, 4}, {0, 1, 3, 2, 4});
  CHECK(crossed.bounds_crossed);
  CHECK_FALSE(crossed.bounds_reordered);
  // Far apart in the source's order: what stands between goes with neither.
  CHECK(compared({0, 3, 1, 2, 4}, {3, 0, 1, 2, 4}).bounds_crossed);
  const CollationOrder reordered = compared({0, 1, 2, 3, 4}, {0, 1, 2, 4, 3});
  CHECK(reordered.bounds_reordered);
  CHECK_FALSE(reordered.bounds_crossed);
  CHECK_FALSE(compared({0, 1, 2, 3, 4}, {0, 1, 2, 4, 3}, 0).bounds_reordered);
}
