#include "engine/fleet/duration.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

namespace pgconvoy {
namespace {

struct Unit {
  char name;
  double seconds;
};
constexpr std::array<Unit, 4> kUnits{{{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}}};

}  // namespace

std::optional<Seconds> parse_short_duration(std::string_view text) {
  double sum = 0;
  std::size_t next_unit = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    if (text[0] < '0' || text[0] > '9') return std::nullopt;  // from_chars would take a sign, "inf" and "nan"
    double number = 0;
    const auto [end, failure] =
        std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    const auto used = static_cast<std::size_t>(end - text.data());
    if (failure != std::errc{} || used == text.size()) return std::nullopt;
    std::size_t unit = next_unit;
    while (unit < kUnits.size() && kUnits[unit].name != text[used]) ++unit;
    if (unit == kUnits.size()) return std::nullopt;
    if (kUnits[unit].name != 's' && number != std::floor(number)) return std::nullopt;
    sum += number * kUnits[unit].seconds;
    next_unit = unit + 1;
    text.remove_prefix(used + 1);
  }
  constexpr double kLongest = 1e9;
  if (!(sum > 0) || sum > kLongest) return std::nullopt;
  return Seconds(sum);
}

std::string format_short_duration(Seconds duration) {
  const double seconds = duration.count();
  if (seconds != std::floor(seconds)) {
    std::array<char, 400> buffer{};
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), seconds, std::chars_format::fixed).ptr;
    return std::string(buffer.data(), end) + "s";
  }
  auto rest = static_cast<std::int64_t>(seconds);
  std::string text;
  for (const Unit& unit : kUnits) {
    if (unit.name == 'd') continue;
    const auto size = static_cast<std::int64_t>(unit.seconds);
    if (rest >= size) text += fmt::format("{}{}", rest / size, unit.name);
    rest %= size;
  }
  return text;
}

}  // namespace pgconvoy
