#include <catch2/catch.hpp>

#include "engine/fleet/window.hpp"

using namespace pgconvoy;

namespace {

std::vector<Window> windows_of(std::vector<std::string> texts) {
  std::vector<Window> windows;
  for (const std::string& text : texts) {
    auto window = parse_window(text);
    REQUIRE(window.has_value());
    windows.push_back(*window);
  }
  return windows;
}

TimeZone berlin() {
  auto zone = TimeZone::find("Europe/Berlin");
  REQUIRE(zone.has_value());
  return *zone;
}

OpenTime between(const std::string& open, const std::string& close) {
  return {parse_utc(open + ":00.000Z"), parse_utc(close + ":00.000Z")};
}

}  // namespace

TEST_CASE("windows are read and written", "[fleet][window]") {
  CHECK(*parse_window("01:00-05:00") == Window{0x7f, 60, 300});
  CHECK(*parse_window("mon-fri 22:00-06:00") == Window{0x1f, 22 * 60, 6 * 60});
  CHECK(*parse_window("sat,sun 00:00-24:00") == Window{0x60, 0, 24 * 60});
  CHECK(*parse_window("fri-mon 00:00-00:00") == Window{0x71, 0, 24 * 60});
  for (const char* text : {"01:00-05:00", "mon-fri 22:00-06:00", "mon,wed,sat 12:00-12:00", "sat,sun 00:00-24:00", "sun 23:59-24:00"})
    CHECK(to_string(*parse_window(text)) == text);
  CHECK(to_string(*parse_window("mon,tue,wed 01:00-02:00")) == "mon-wed 01:00-02:00");
}

TEST_CASE("what is no window is refused", "[fleet][window]") {
  for (const char* text : {"", "01:00", "1:00-5:00", "01:00-25:00", "24:00-05:00", "01:60-05:00", "mo 01:00-05:00", "mon- 01:00-05:00",
                           "mon,,tue 01:00-05:00", "mon  01:00-05:00", "01:00-05:00 ", "01:00-05:00-06:00", "-1:00-05:00", "24:01-24:02"}) {
    INFO(text);
    const auto window = parse_window(text);
    REQUIRE_FALSE(window.has_value());
    CHECK(window.error().kind == ErrorKind::usage);
  }
}

TEST_CASE("the opening is the one that holds now, else the next", "[fleet][window]") {
  const auto nightly = windows_of({"mon-fri 01:00-05:00"});
  // 27 November 2026 is a Friday; Berlin is an hour ahead of UTC.
  const OpenTime friday = between("2026-11-27T00:00", "2026-11-27T04:00");
  CHECK(*current_or_next(nightly, berlin(), parse_utc("2026-11-26T23:59:00.000Z")) == friday);
  CHECK(*current_or_next(nightly, berlin(), friday.open) == friday);
  CHECK(friday.contains(friday.open));
  CHECK_FALSE(friday.contains(friday.close));
  CHECK(*current_or_next(nightly, berlin(), friday.close) == between("2026-11-30T00:00", "2026-11-30T04:00"));
  CHECK_FALSE(current_or_next({}, berlin(), friday.open).has_value());
}

TEST_CASE("a window over midnight belongs to the day on which it opens, and those that touch are one", "[fleet][window]") {
  CHECK(*current_or_next(windows_of({"sat 22:00-06:00"}), TimeZone::utc(), parse_utc("2026-11-29T03:00:00.000Z")) ==
        between("2026-11-28T22:00", "2026-11-29T06:00"));
  CHECK(*current_or_next(windows_of({"sat 22:00-24:00", "sun 00:00-04:00", "sun 03:00-07:00"}), TimeZone::utc(),
                         parse_utc("2026-11-28T12:00:00.000Z")) == between("2026-11-28T22:00", "2026-11-29T07:00"));
  const auto always = current_or_next(windows_of({"00:00-24:00"}), berlin(), parse_utc("2026-11-28T12:00:00.000Z"));
  REQUIRE(always.has_value());
  CHECK(always->contains(parse_utc("2026-12-28T12:00:00.000Z")));
}

TEST_CASE("in the nights when clocks change a window has an hour more or less", "[fleet][window]") {
  const auto nightly = windows_of({"01:00-05:00"});
  CHECK(*current_or_next(nightly, berlin(), parse_utc("2026-03-28T12:00:00.000Z")) == between("2026-03-29T00:00", "2026-03-29T03:00"));
  CHECK(*current_or_next(nightly, berlin(), parse_utc("2026-10-24T12:00:00.000Z")) == between("2026-10-24T23:00", "2026-10-25T04:00"));
  // It closes when the clocks show its end for the first time: never later than people were told.
  CHECK(*current_or_next(windows_of({"01:30-02:30"}), berlin(), parse_utc("2026-10-24T12:00:00.000Z")) ==
        between("2026-10-24T23:30", "2026-10-25T00:30"));
}

TEST_CASE("a window that the clocks jump over isn't there that night", "[fleet][window]") {
  const auto short_one = windows_of({"sun 02:10-02:50"});
  CHECK(*current_or_next(short_one, berlin(), parse_utc("2026-03-28T12:00:00.000Z")) == between("2026-04-05T00:10", "2026-04-05T00:50"));
  // Half of it is left.
  CHECK(*current_or_next(windows_of({"02:30-03:30"}), berlin(), parse_utc("2026-03-28T12:00:00.000Z")) ==
        between("2026-03-29T01:00", "2026-03-29T01:30"));
}

TEST_CASE("all openings of a time are given in order", "[fleet][window]") {
  const auto found = open_times(windows_of({"mon,wed 01:00-02:00"}), TimeZone::utc(), parse_utc("2026-11-30T01:30:00.000Z"),
                              parse_utc("2026-12-08T00:00:00.000Z"));
  REQUIRE(found.size() == 3);
  CHECK(found[0] == between("2026-11-30T01:00", "2026-11-30T02:00"));
  CHECK(found[1] == between("2026-12-02T01:00", "2026-12-02T02:00"));
  CHECK(found[2] == between("2026-12-07T01:00", "2026-12-07T02:00"));
}
