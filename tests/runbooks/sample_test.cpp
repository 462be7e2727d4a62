#include "runbooks/sample.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <random>
#include <set>

using namespace pgconvoy;

namespace {

std::vector<Sampled> sizes(const std::string& region, int many, std::int64_t smallest = 1) {
  std::vector<Sampled> all;
  for (int i = 0; i < many; ++i) all.push_back({region + "-" + std::to_string(i), region, smallest + i});
  return all;
}

std::set<std::string> ids(const std::vector<Sampled>& all, const std::vector<std::size_t>& places) {
  std::set<std::string> found;
  for (const std::size_t place : places) found.insert(all.at(place).id);
  return found;
}

SampleOrder order_of(const std::string& text) { return parse_sample(text).value(); }

}  // namespace

TEST_CASE("sample: a share or a number, and nothing else") {
  CHECK(order_of("5%").share == Approx(0.05));
  CHECK(order_of("0.5%").share == Approx(0.005));
  CHECK(order_of("20").count == 20);
  CHECK(to_words(order_of("5%")) == "5 %");
  CHECK(to_words(order_of("20")) == "20 targets");
  for (const char* wrong : {"", "%", "0", "0%", "-3", "101%", "five", "5 %", "5%%", "3.5", "nan%"}) {
    INFO(wrong);
    CHECK_FALSE(parse_sample(wrong).has_value());
  }
}

TEST_CASE("sample: every size class of a region is there once") {
  const auto all = sizes("north", 100);
  for (const std::uint64_t seed : {1, 2, 3, 4, 5}) {
    const auto chosen = choose_sample(all, order_of("10%"), seed);
    REQUIRE(chosen.size() == 10);
    std::set<std::size_t> tenths;
    for (const std::size_t place : chosen) tenths.insert(place / 10);
    CHECK(tenths.size() == 10);
  }
  CHECK(ids(all, choose_sample(all, order_of("10%"), 1)) != ids(all, choose_sample(all, order_of("10%"), 2)));
}

TEST_CASE("sample: no region is left out, and each has its share") {
  auto all = sizes("north", 90);
  for (const Sampled& each : sizes("south", 9)) all.push_back(each);
  for (const Sampled& each : sizes("west", 1)) all.push_back(each);
  const auto chosen = choose_sample(all, order_of("20"), 7);
  std::map<std::string, int> of;
  for (const std::size_t place : chosen) ++of[all.at(place).region];
  CHECK(of.at("north") == 18);
  CHECK(of.at("south") >= 1);
  CHECK(of.at("west") == 1);
  CHECK(choose_sample(all, order_of("1"), 7).size() == 3);  // one of each region, whatever was asked for
}

TEST_CASE("sample: whatever order they come in, and never more than there are") {
  const auto all = sizes("north", 40);
  auto mixed = all;
  std::mt19937 random(3);
  std::shuffle(mixed.begin(), mixed.end(), random);
  CHECK(ids(all, choose_sample(all, order_of("5"), 9)) == ids(mixed, choose_sample(mixed, order_of("5"), 9)));
  CHECK(choose_sample(all, order_of("1000"), 9).size() == 40);
  CHECK(choose_sample(all, order_of("100%"), 9).size() == 40);
  CHECK(choose_sample({}, order_of("5%"), 9).empty());
}

TEST_CASE("sample: a percentage is rounded up, and one is the least") {
  CHECK(choose_sample(sizes("north", 21), order_of("5%"), 1).size() == 2);
  CHECK(choose_sample(sizes("north", 20), order_of("5%"), 1).size() == 1);
  CHECK(choose_sample(sizes("north", 3), order_of("1%"), 1).size() == 1);
}
