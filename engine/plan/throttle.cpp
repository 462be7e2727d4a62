#include "engine/plan/throttle.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "engine/fleet/duration.hpp"

namespace pgconvoy {
namespace {

std::optional<double> positive(const std::string& text) {
  double value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (problem != std::errc() || end != text.data() + text.size() || !(value >= 0)) return std::nullopt;
  return value;
}

}  // namespace

std::optional<Throttle> parse_throttle(const std::string& text) {
  Throttle throttle;
  if (text.empty()) return throttle;
  std::size_t from = 0;
  while (from <= text.size()) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    const std::string rule = text.substr(from, comma - from);
    from = comma + 1;
    const std::size_t sign = rule.find('>');
    if (sign == std::string::npos) return std::nullopt;
    const std::string name = rule.substr(0, sign), value = rule.substr(sign + 1);
    std::optional<double>* const limit = name == "active" ? &throttle.active_sessions
                                         : name == "lag"  ? &throttle.replication_lag
                                         : name == "load" ? &throttle.load
                                                          : nullptr;
    if (!limit || *limit) return std::nullopt;
    if (name == "lag") {
      const auto seconds = parse_short_duration(value);
      if (seconds) *limit = seconds->count();
    } else {
      *limit = positive(value);
    }
    if (!*limit) return std::nullopt;
  }
  return throttle;
}

std::string busy_because(const Throttle& throttle, const ServerLoad& load) {
  const auto over = [](const std::optional<double>& limit, const std::optional<double>& value) { return limit && value && *value > *limit; };
  if (over(throttle.active_sessions, load.active_sessions))
    return fmt::format("{} active sessions, more than {}", *load.active_sessions, *throttle.active_sessions);
  if (over(throttle.replication_lag, load.replication_lag))
    return fmt::format("a standby is {} behind, more than {}", format_duration(Seconds(*load.replication_lag)),
                       format_duration(Seconds(*throttle.replication_lag)));
  if (over(throttle.load, load.load)) return fmt::format("a load of {:.1f}, more than {}", *load.load, *throttle.load);
  return "";
}

}  // namespace pgconvoy
