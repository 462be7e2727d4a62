#include "engine/plan/robust.hpp"

#include <algorithm>
#include <cmath>

namespace pgconvoy {

double quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  const double place = std::clamp(share, 0.0, 1.0) * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(below);
  std::nth_element(values.begin(), middle, values.end());
  const double low = *middle, part = place - static_cast<double>(below);
  if (part <= 0 || below + 1 >= values.size()) return low;
  return low + part * (*std::min_element(middle + 1, values.end()) - low);
}

double median(std::vector<double> values) { return quantile(std::move(values), 0.5); }

double deviation_around(const std::vector<double>& values, double centre) {
  std::vector<double> distances;
  distances.reserve(values.size());
  for (const double value : values) distances.push_back(std::abs(value - centre));
  return 1.4826 * median(std::move(distances));
}

double weight_of(double distance, double deviation) {
  constexpr double kUsual = 1.5, kWild = 4;
  if (deviation <= 0) return 1;
  const double away = std::abs(distance) / deviation;
  if (away <= kUsual) return 1;
  return away > kWild ? 0 : kUsual / away;
}

std::vector<double> solve(std::vector<std::vector<double>> a, std::vector<double> b) {
  const std::size_t size = b.size();
  for (std::size_t i = 0; i < size; ++i) {
    if (std::abs(a[i][i]) < 1e-12) continue;
    for (std::size_t row = i + 1; row < size; ++row) {
      const double factor = a[row][i] / a[i][i];
      for (std::size_t column = i; column < size; ++column) a[row][column] -= factor * a[i][column];
      b[row] -= factor * b[i];
    }
  }
  std::vector<double> x(size);
  for (std::size_t i = size; i-- > 0;) {
    if (std::abs(a[i][i]) < 1e-12) continue;
    double rest = b[i];
    for (std::size_t column = i + 1; column < size; ++column) rest -= a[i][column] * x[column];
    x[i] = rest / a[i][i];
  }
  return x;
}

}  // namespace pgconvoy
