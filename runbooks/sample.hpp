// A few targets that stand for many: of every region and every size some.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/core/error.hpp"

namespace pgconvoy {

struct SampleOrder {
  double share = 0;     // of all; 0: `count`
  std::int64_t count = 0;
};

// "5%" or "20". Error usage: something else, or nothing.
Result<SampleOrder> parse_sample(const std::string& text);

// "5 %", "20 targets"
std::string to_words(const SampleOrder& order);

struct Sampled {
  std::string id, region;
  std::int64_t bytes = 0;
};

// The places in `all` of those that are chosen, rising. Every region gets its share of the number, one at least (so it may
// be a few more than asked for); in a region all are put in a row by size, the row is cut into as many equal pieces as the region
// has to give, and of each piece one is drawn. The same for the same set and seed, whatever order it comes in. Pure.
std::vector<std::size_t> choose_sample(const std::vector<Sampled>& all, const SampleOrder& order, std::uint64_t seed);

}  // namespace pgconvoy
