#include "engine/plan/random_draws.hpp"

#include <array>
#include <cmath>

namespace pgconvoy {

double normal_share(double value) { return 0.5 * std::erfc(-value / std::sqrt(2.0)); }

double normal_quantile(double share) {
  // A rough first value, then Newton's steps on the distribution itself.
  const double tail = share < 0.5 ? share : 1 - share, root = std::sqrt(-2 * std::log(tail));
  double value = root - (2.30753 + 0.27061 * root) / (1 + root * (0.99229 + 0.04481 * root));
  if (share < 0.5) value = -value;
  for (int i = 0; i < 4; ++i) {
    const double density = std::exp(-value * value / 2) / std::sqrt(2 * M_PI);
    if (density < 1e-300) break;
    value -= (normal_share(value) - share) / density;
  }
  return value;
}

double RandomDraws::normal() {
  constexpr int kValues = 4096;
  static const std::array<double, kValues> table = [] {
    std::array<double, kValues> values{};
    for (int i = 0; i < kValues; ++i) values[i] = normal_quantile((i + 0.5) / kValues);
    return values;
  }();
  return table[next() >> 52];
}

}  // namespace pgconvoy
