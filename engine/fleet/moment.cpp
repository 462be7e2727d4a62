#include "engine/fleet/moment.hpp"

namespace pgconvoy {
namespace {

// Exactly `digits` of them at `at`, which is moved past; -1 otherwise.
int moment_number(const std::string& text, std::size_t& at, int digits) {
  int value = 0;
  for (int i = 0; i < digits; ++i, ++at) {
    if (at >= text.size() || text[at] < '0' || text[at] > '9') return -1;
    value = value * 10 + (text[at] - '0');
  }
  return value;
}

bool moment_sign(const std::string& text, std::size_t& at, char wanted) {
  if (at >= text.size() || text[at] != wanted) return false;
  ++at;
  return true;
}

// "Z", "+01:00", "-0130": minutes east of UTC.
std::optional<int> moment_zone(const std::string& text, std::size_t& at) {
  if (moment_sign(text, at, 'Z')) return 0;
  const bool east = moment_sign(text, at, '+');
  if (!east && !moment_sign(text, at, '-')) return std::nullopt;
  const int hours = moment_number(text, at, 2);
  (void)moment_sign(text, at, ':');
  const int minutes = moment_number(text, at, 2);
  if (hours < 0 || hours > 14 || minutes < 0 || minutes > 59) return std::nullopt;
  return (east ? 1 : -1) * (hours * 60 + minutes);
}

}  // namespace

std::optional<WallTime> parse_moment(const std::string& text, bool last_day) {
  std::size_t at = 0;
  const int year = moment_number(text, at, 4);
  if (year < 0 || !moment_sign(text, at, '-')) return std::nullopt;
  const int month = moment_number(text, at, 2);
  if (month < 0 || !moment_sign(text, at, '-')) return std::nullopt;
  const int day = moment_number(text, at, 2);
  if (day < 0) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  const WallTime midnight = std::chrono::sys_days(date);
  if (at == text.size()) return midnight + std::chrono::hours(last_day ? 24 : 0);
  if (!moment_sign(text, at, 'T') && !moment_sign(text, at, ' ')) return std::nullopt;
  const int hour = moment_number(text, at, 2);
  if (hour < 0 || hour > 23 || !moment_sign(text, at, ':')) return std::nullopt;
  const int minute = moment_number(text, at, 2);
  if (minute < 0 || minute > 59) return std::nullopt;
  int second = 0;
  if (moment_sign(text, at, ':')) second = moment_number(text, at, 2);
  if (second < 0 || second > 59) return std::nullopt;
  const auto east = moment_zone(text, at);
  if (!east || at != text.size()) return std::nullopt;
  return midnight + std::chrono::hours(hour) + std::chrono::minutes(minute - *east) + std::chrono::seconds(second);
}

std::string format_moment(WallTime moment) {
  std::string text = format_utc(moment);  // with milliseconds
  return text.size() == 24 ? text.substr(0, 19) + "Z" : text;
}

}  // namespace pgconvoy
