// Random numbers that are the same on every machine, and normal ones from a table: a forecast draws millions of them. Pure.
#pragma once

#include <cstdint>

namespace pgconvoy {

class RandomDraws {
 public:
  explicit RandomDraws(std::uint64_t seed) : state_(seed) {}
  // Steele, Lea and Flood's SplitMix64.
  std::uint64_t next() {
    std::uint64_t mixed = (state_ += 0x9e3779b97f4a7c15U);
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31);
  }
  double uniform() { return (static_cast<double>(next() >> 11) + 0.5) * 0x1.0p-53; }  // in (0, 1)
  double normal();                                                                   // 4096 values, evenly likely

 private:
  std::uint64_t state_;
};

// Of the standard normal distribution. REQUIRES: 0 < share < 1. Within 1e-8.
double normal_quantile(double share);
double normal_share(double value);  // the inverse

}  // namespace pgconvoy
