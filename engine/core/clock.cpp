#include "engine/core/clock.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>

namespace pgconvoy {

using namespace std::chrono;

// Each event of a journal has several of them: digits are put in place without a formatter.
std::string format_utc(WallTime time) {
  const auto whole = floor<milliseconds>(time);
  const auto day = floor<days>(whole);
  const year_month_day date(day);
  const hh_mm_ss clock(whole - day);
  std::string text = "0000-00-00T00:00:00.000Z";
  // WallTime ends in 2262, so the year has four digits.
  const auto put = [&text](std::size_t last, std::int64_t number) {
    for (; number > 0; number /= 10) text[last--] = static_cast<char>('0' + number % 10);
  };
  put(3, static_cast<int>(date.year()));
  put(6, static_cast<unsigned>(date.month()));
  put(9, static_cast<unsigned>(date.day()));
  put(12, clock.hours().count());
  put(15, clock.minutes().count());
  put(18, clock.seconds().count());
  put(22, clock.subseconds().count());
  return text;
}

WallTime parse_utc(const std::string& text) {
  // Exactly what format_utc writes: the length and the separators first, then digits only.
  static constexpr char form[] = "0000-00-00T00:00:00.000Z";
  if (text.size() != sizeof form - 1) return {};
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (form[i] == '0' ? !digit : text[i] != form[i]) return {};
  }
  auto number = [&](std::size_t from, std::size_t count) {
    int value = 0;
    for (std::size_t i = from; i < from + count; ++i) value = value * 10 + (text[i] - '0');
    return value;
  };
  const year_month_day date{year(number(0, 4)), month(static_cast<unsigned>(number(5, 2))),
                            day(static_cast<unsigned>(number(8, 2)))};
  const int hour = number(11, 2), minute = number(14, 2), second = number(17, 2);
  // Nanoseconds in 64 bits end in 2262, and so do differences of two times after 1970.
  if (date.year() < year(1970) || date.year() > year(2261)) return {};
  if (!date.ok() || hour > 23 || minute > 59 || second > 59) return {};
  return sys_days(date) + hours(hour) + minutes(minute) + seconds(second) + milliseconds(number(20, 3));
}

std::string format_duration(Seconds duration) {
  const double amount = std::abs(duration.count());
  const char* sign = duration.count() < 0 ? "-" : "";
  if (const auto ms = std::llround(amount * 1000); ms < 1000) return fmt::format("{}{} ms", sign, ms);
  if (std::round(amount * 10) / 10 < 60) return fmt::format("{}{:.1f} s", sign, amount);
  const auto whole = std::llround(amount);
  if (whole < 3600) return fmt::format("{}{} min {:02} s", sign, whole / 60, whole % 60);
  const auto minutes = std::llround(amount / 60);
  return fmt::format("{}{} h {:02} min", sign, minutes / 60, minutes % 60);
}

}  // namespace pgconvoy
