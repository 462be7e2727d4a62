#include "engine/core/steered_clock.hpp"

#include <catch2/catch.hpp>

using namespace pgconvoy;

TEST_CASE("steered clock: this machine's time, until another is told; small differences are left alone") {
  SteeredClock clock;
  const auto near = [&](WallTime time) { return clock.wall() - time < std::chrono::milliseconds(500) && time - clock.wall() < std::chrono::milliseconds(500); };
  CHECK(near(std::chrono::system_clock::now()));
  const WallTime theirs = std::chrono::system_clock::now() - std::chrono::hours(1);
  clock.steer(theirs);
  CHECK(near(theirs));
  const WallTime before = clock.wall();
  clock.steer(theirs - std::chrono::milliseconds(700));
  CHECK(clock.wall() >= before);  // it doesn't go back for that
  clock.steer(theirs + std::chrono::hours(2));
  CHECK(near(theirs + std::chrono::hours(2)));
}
