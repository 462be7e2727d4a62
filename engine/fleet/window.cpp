#include "engine/fleet/window.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace pgconvoy {
namespace {

constexpr int kDay = 24 * 60;
constexpr std::array<std::string_view, 7> kDays{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

std::optional<int> day_number(std::string_view name) {
  const auto found = std::find(kDays.begin(), kDays.end(), name);
  if (found == kDays.end()) return std::nullopt;
  return static_cast<int>(found - kDays.begin());
}

// "mon-fri,sun"; days of a range that goes over Sunday count on from Monday.
std::optional<unsigned> parse_days(std::string_view text) {
  unsigned days = 0;
  while (true) {
    const std::size_t comma = text.find(',');
    const std::string_view item = text.substr(0, comma);
    const std::size_t dash = item.find('-');
    const auto first = day_number(item.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : day_number(item.substr(dash + 1));
    if (!first || !last) return std::nullopt;
    for (int day = *first;; day = (day + 1) % 7) {
      days |= 1u << day;
      if (day == *last) break;
    }
    if (comma == std::string_view::npos) return days;
    text.remove_prefix(comma + 1);
  }
}

std::optional<int> parse_minutes(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  int hours = 0, minutes = 0;
  const auto number = [&](std::size_t at, int& value) {
    const char* const begin = text.data() + at;
    const auto [stop, problem] = std::from_chars(begin, begin + 2, value);
    return problem == std::errc() && stop == begin + 2 && *begin != '-';
  };
  if (!number(0, hours) || !number(3, minutes) || minutes > 59 || hours * 60 + minutes > kDay) return std::nullopt;
  return hours * 60 + minutes;
}

std::string clock_text(int minutes) { return fmt::format("{:02}:{:02}", minutes / 60, minutes % 60); }

std::string days_text(unsigned days) {
  std::string text;
  for (int day = 0; day < 7; ++day) {
    if ((days & (1u << day)) == 0) continue;
    int last = day;
    while (last < 6 && (days & (1u << (last + 1))) != 0) ++last;
    if (!text.empty()) text += ',';
    text += kDays[day];
    if (last > day) text += fmt::format("{}{}", last == day + 1 ? ',' : '-', kDays[last]);
    day = last;
  }
  return text;
}

}  // namespace

Result<Window> parse_window(const std::string& text) {
  const auto refuse = [&](const std::string& because) {
    return Error(ErrorKind::usage,
                 fmt::format("\"{}\" is no window: {}; one is written as 01:00-05:00 or mon-fri 22:00-06:00", text, because));
  };
  std::string_view rest = text;
  Window window;
  if (const std::size_t space = rest.find(' '); space != std::string_view::npos) {
    const auto days = parse_days(rest.substr(0, space));
    if (!days) return refuse("days are mon tue wed thu fri sat sun, ranges of them and lists with commas");
    window.days = *days;
    rest.remove_prefix(space + 1);
  }
  const std::size_t dash = rest.find('-');
  const auto from = parse_minutes(rest.substr(0, dash));
  const auto to = dash == std::string_view::npos ? std::nullopt : parse_minutes(rest.substr(dash + 1));
  if (!from || !to) return refuse("it has no time from and to, each of two digits, a colon and two digits");
  if (*from == kDay) return refuse("it can't begin at 24:00");
  window.from = *from;
  window.to = *to == 0 ? kDay : *to;
  return window;
}

std::string to_string(const Window& window) {
  const std::string times = fmt::format("{}-{}", clock_text(window.from), clock_text(window.to));
  return window.days == 0x7f ? times : days_text(window.days) + " " + times;
}

std::vector<OpenTime> open_times(const std::vector<Window>& windows, const TimeZone& zone, WallTime from, WallTime until) {
  std::vector<OpenTime> all;
  const Day last = next_day(zone.day_of(until));
  for (Day day = next_day(zone.day_of(from), -2); !(day == last); day = next_day(day)) {
    for (const Window& window : windows) {
      if ((window.days & (1u << weekday(day))) == 0) continue;
      const bool overnight = window.to <= window.from;
      const OpenTime opening{zone.at(day, window.from), zone.at(overnight ? next_day(day) : day, window.to)};
      if (opening.open < opening.close) all.push_back(opening);
    }
  }
  std::sort(all.begin(), all.end(), [](const OpenTime& left, const OpenTime& right) { return left.open < right.open; });
  std::vector<OpenTime> merged;
  for (const OpenTime& opening : all) {
    if (!merged.empty() && opening.open <= merged.back().close)
      merged.back().close = std::max(merged.back().close, opening.close);
    else
      merged.push_back(opening);
  }
  std::erase_if(merged, [&](const OpenTime& opening) { return opening.close <= from || opening.open >= until; });
  return merged;
}

std::optional<OpenTime> current_or_next(const std::vector<Window>& windows, const TimeZone& zone, WallTime now) {
  // A window on one day of the week comes within eight days, within sixteen when a night of it is jumped over.
  const std::vector<OpenTime> found = open_times(windows, zone, now, now + std::chrono::hours(24 * 35));
  if (found.empty()) return std::nullopt;
  return found.front();
}

}  // namespace pgconvoy
