#include "engine/core/clock.hpp"

#include <catch2/catch.hpp>

using namespace pgconvoy;
using namespace std::chrono_literals;

TEST_CASE("clock: a time is written in UTC with milliseconds and read back") {
  const WallTime time(1795384143120ms);
  CHECK(format_utc(time) == "2026-11-22T21:49:03.120Z");
  CHECK(parse_utc("2026-11-22T21:49:03.120Z") == time);
  CHECK(format_utc(WallTime(-1ms)) == "1969-12-31T23:59:59.999Z");
  CHECK(format_utc(parse_utc("2024-02-29T00:00:00.000Z")) == "2024-02-29T00:00:00.000Z");
}

TEST_CASE("clock: text of another form is the epoch") {
  for (const char* text : {"", "2026-11-22", "2026-11-22T21:49:03Z", "2026-11-22 21:49:03.120Z",
                           "2026-13-22T21:49:03.120Z", "2026-02-30T21:49:03.120Z", "2026-11-22T24:00:00.000Z",
                           "2026-11-22T21:49:03.12xZ", "2026-11-22T21:49:03.120Z "})
    CHECK(parse_utc(text) == WallTime{});
}

TEST_CASE("clock: durations are written for people, and round upwards into the next unit") {
  CHECK(format_duration(850ms) == "850 ms");
  CHECK(format_duration(0s) == "0 ms");
  CHECK(format_duration(Seconds(0.9996)) == "1.0 s");
  CHECK(format_duration(12300ms) == "12.3 s");
  CHECK(format_duration(59940ms) == "59.9 s");
  CHECK(format_duration(59960ms) == "1 min 00 s");
  CHECK(format_duration(245s) == "4 min 05 s");
  CHECK(format_duration(3599.7s) == "1 h 00 min");
  CHECK(format_duration(123min) == "2 h 03 min");
  CHECK(format_duration(-850ms) == "-850 ms");
}

TEST_CASE("clock: a year that nanoseconds since 1970 can't hold is no time, and overflows nothing") {
  for (const char* text : {"6026-11-22T12:00:00.000Z", "2262-01-01T00:00:00.000Z", "1969-12-31T23:59:59.999Z",
                           "0000-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"})
    CHECK(parse_utc(text) == WallTime{});
  CHECK(format_utc(parse_utc("2261-12-31T23:59:59.999Z")) == "2261-12-31T23:59:59.999Z");
  CHECK(parse_utc("2261-12-31T23:59:59.999Z") - parse_utc("1970-01-01T00:00:00.000Z") > std::chrono::hours(24 * 365 * 291));
}
