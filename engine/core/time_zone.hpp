// Local time by the rules of the time-zone database of this machine (/usr/share/zoneinfo). Pure once the database is
// read; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"

namespace pgconvoy {

// A day of the calendar, without a place.
struct Day {
  int year = 1970, month = 1, day = 1;
  bool operator==(const Day&) const = default;
};
Day next_day(Day day, int count = 1);  // `count` may be negative
int weekday(Day day);                  // 0 Monday .. 6 Sunday

class TimeZone {
 public:
  // "Europe/Berlin", "UTC". Error usage for a name that the database doesn't know, with the nearest that it does.
  static Result<TimeZone> find(const std::string& name);
  static TimeZone utc();

  const std::string& name() const { return name_; }
  Day day_of(WallTime time) const;                 // the local date
  std::string local(WallTime time) const;          // "2026-03-29 03:00 CEST"
  std::string clock_time(WallTime time) const;     // "03:00"
  // The instant at which clocks show that many minutes after midnight (up to 24 * 60). A time that the clocks jump over
  // is the instant of the jump; one that they show twice is the first of the two.
  WallTime at(Day day, int minutes) const;

 private:
  TimeZone(std::string name, const void* zone) : name_(std::move(name)), zone_(zone) {}
  std::string name_;
  const void* zone_;  // of the database, which lives as long as the process
};

}  // namespace pgconvoy
