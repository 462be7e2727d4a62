// Time as a seam: the run asks this clock, tests put a fake one in its place.
#pragma once

#include <chrono>
#include <string>

namespace pgconvoy {

using Seconds = std::chrono::duration<double>;
using Milliseconds = std::chrono::milliseconds;
using SteadyTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime wall() const = 0;     // for people and for the journal
  virtual SteadyTime steady() const = 0; // for limits; never jumps
};

class SystemClock final : public Clock {
 public:
  WallTime wall() const override { return std::chrono::system_clock::now(); }
  SteadyTime steady() const override { return std::chrono::steady_clock::now(); }
};

// RFC 3339 in UTC with milliseconds: 2026-11-22T21:49:03.120Z
std::string format_utc(WallTime time);
// The inverse; the epoch when the text is not of that form.
WallTime parse_utc(const std::string& text);

// "850 ms", "12.3 s", "4 min 05 s", "2 h 03 min"
std::string format_duration(Seconds duration);

}  // namespace pgconvoy
