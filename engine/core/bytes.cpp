#include "engine/core/bytes.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace pgconvoy {

std::string format_bytes(Bytes bytes) {
  static constexpr std::array<const char*, 6> units{"bytes", "kB", "MB", "GB", "TB", "PB"};
  double amount = std::abs(static_cast<double>(bytes.count));
  const char* sign = bytes.count < 0 ? "-" : "";
  std::size_t unit = 0;
  // 1023.95 kB would print as 1024.0 kB, so the step to the next unit looks at the rounded amount.
  while (unit + 1 < units.size() && std::round(amount * 10) / 10 >= 1024) {
    amount /= 1024;
    ++unit;
  }
  const double tenths = std::round(amount * 10);
  if (unit == 0 || amount >= 100 || std::fmod(tenths, 10) == 0)
    return fmt::format("{}{:.0f} {}", sign, amount, units[unit]);
  return fmt::format("{}{:.1f} {}", sign, amount, units[unit]);
}

}  // namespace pgconvoy
