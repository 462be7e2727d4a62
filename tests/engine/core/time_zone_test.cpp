#include <catch2/catch.hpp>

#include "engine/core/time_zone.hpp"

using namespace pgconvoy;

namespace {

TimeZone zone_named(const std::string& name) {
  auto zone = TimeZone::find(name);
  REQUIRE(zone.has_value());
  return *zone;
}

}  // namespace

TEST_CASE("a time zone knows when its clocks show a time", "[core][time]") {
  const TimeZone berlin = zone_named("Europe/Berlin");
  CHECK(berlin.at({2026, 1, 15}, 60) == parse_utc("2026-01-15T00:00:00.000Z"));
  CHECK(berlin.at({2026, 7, 15}, 60) == parse_utc("2026-07-14T23:00:00.000Z"));
  CHECK(berlin.at({2026, 7, 15}, 24 * 60) == parse_utc("2026-07-15T22:00:00.000Z"));
  CHECK(berlin.local(parse_utc("2026-07-14T23:00:00.000Z")) == "2026-07-15 01:00 CEST");
  CHECK(berlin.clock_time(parse_utc("2026-01-15T00:05:00.000Z")) == "01:05");
  CHECK(berlin.day_of(parse_utc("2026-07-14T23:00:00.000Z")) == Day{2026, 7, 15});
  CHECK(TimeZone::utc().at({2026, 7, 15}, 60) == parse_utc("2026-07-15T01:00:00.000Z"));
}

TEST_CASE("a time that the clocks jump over is the jump", "[core][time]") {
  const TimeZone berlin = zone_named("Europe/Berlin");  // 29 March 2026, 02:00 becomes 03:00
  const WallTime jump = parse_utc("2026-03-29T01:00:00.000Z");
  CHECK(berlin.at({2026, 3, 29}, 2 * 60) == jump);
  CHECK(berlin.at({2026, 3, 29}, 2 * 60 + 30) == jump);
  CHECK(berlin.at({2026, 3, 29}, 3 * 60) == jump);
  CHECK(berlin.at({2026, 3, 29}, 60) == jump - std::chrono::hours(1));
}

TEST_CASE("a time that the clocks show twice is the first of the two", "[core][time]") {
  const TimeZone berlin = zone_named("Europe/Berlin");  // 25 October 2026, 03:00 becomes 02:00
  CHECK(berlin.at({2026, 10, 25}, 2 * 60 + 30) == parse_utc("2026-10-25T00:30:00.000Z"));
  CHECK(berlin.at({2026, 10, 25}, 3 * 60) == parse_utc("2026-10-25T02:00:00.000Z"));
}

TEST_CASE("a time zone that isn't there is refused with the one that was meant", "[core][time]") {
  const auto city = TimeZone::find("berlin");
  REQUIRE_FALSE(city.has_value());
  CHECK(city.error().kind == ErrorKind::usage);
  CHECK(city.error().message.find("Europe/Berlin") != std::string::npos);
  REQUIRE_FALSE(TimeZone::find("Mars/Olympus").has_value());
  REQUIRE_FALSE(TimeZone::find("").has_value());
}

TEST_CASE("days of the calendar go on over months, years and leap days", "[core][time]") {
  CHECK(next_day({2026, 12, 31}) == Day{2027, 1, 1});
  CHECK(next_day({2028, 2, 28}) == Day{2028, 2, 29});
  CHECK(next_day({2026, 3, 1}, -1) == Day{2026, 2, 28});
  CHECK(weekday({2026, 11, 29}) == 6);
  CHECK(weekday({2026, 11, 30}) == 0);
}
