#include "engine/core/time_zone.hpp"

// As the library was built: with the system's time-zone database.
#define USE_OS_TZDB 1
#include <date/tz.h>
#include <fmt/format.h>

#include <stdexcept>

namespace pgconvoy {
namespace {

const date::time_zone& zone_of(const void* zone) { return *static_cast<const date::time_zone*>(zone); }

date::year_month_day calendar_day(Day day) {
  return date::year{day.year} / static_cast<unsigned>(day.month) / static_cast<unsigned>(day.day);
}

Day from_calendar(date::year_month_day day) {
  return {static_cast<int>(day.year()), static_cast<int>(static_cast<unsigned>(day.month())),
          static_cast<int>(static_cast<unsigned>(day.day()))};
}

// Zones whose name ends like the one that was asked for: "Berlin" is "Europe/Berlin".
std::string hint(const std::string& name) {
  const auto& zones = date::get_tzdb().zones;
  const std::string city = name.substr(name.rfind('/') + 1);
  const auto lower = [](std::string text) {
    for (char& letter : text)
      if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
    return text;
  };
  const std::string wanted = lower(city);
  for (const date::time_zone& zone : zones)
    if (!wanted.empty() && lower(zone.name().substr(zone.name().rfind('/') + 1)) == wanted)
      return fmt::format("; did you mean {}?", zone.name());
  return "; names are those of the time-zone database, such as Europe/Berlin or UTC";
}

}  // namespace

Day next_day(Day day, int count) {
  return from_calendar(date::year_month_day{date::sys_days{calendar_day(day)} + date::days{count}});
}

int weekday(Day day) {
  return static_cast<int>(date::weekday{date::sys_days{calendar_day(day)}}.iso_encoding()) - 1;
}

Result<TimeZone> TimeZone::find(const std::string& name) {
  try {
    return TimeZone(name, date::locate_zone(name));
  } catch (const std::runtime_error&) {
    std::string because;
    try {
      because = hint(name);
    } catch (const std::runtime_error& problem) {
      because = fmt::format(": {}", problem.what());
    }
    return Error(ErrorKind::usage, fmt::format("there is no time zone \"{}\"{}", name, because));
  }
}

TimeZone TimeZone::utc() {
  auto found = find("UTC");
  if (!found) throw std::runtime_error("the time-zone database of this machine can't be read: " + found.error().message);
  return *std::move(found);
}

Day TimeZone::day_of(WallTime time) const {
  const auto local = zone_of(zone_).to_local(std::chrono::floor<std::chrono::seconds>(time));
  return from_calendar(date::year_month_day{date::floor<date::days>(local)});
}

std::string TimeZone::local(WallTime time) const {
  return date::format("%F %H:%M %Z", date::make_zoned(&zone_of(zone_), std::chrono::floor<std::chrono::seconds>(time)));
}

std::string TimeZone::clock_time(WallTime time) const {
  return date::format("%H:%M", date::make_zoned(&zone_of(zone_), std::chrono::floor<std::chrono::seconds>(time)));
}

WallTime TimeZone::at(Day day, int minutes) const {
  const auto local = date::local_days{calendar_day(day)} + std::chrono::minutes(minutes);
  const auto info = zone_of(zone_).get_info(local);
  if (info.result == date::local_info::nonexistent) return info.first.end;
  return WallTime(local.time_since_epoch()) - info.first.offset;
}

}  // namespace pgconvoy
