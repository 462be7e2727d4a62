#include "engine/core/bytes.hpp"

#include <catch2/catch.hpp>

using namespace pgconvoy;

TEST_CASE("bytes: at most one decimal, in units of 1024") {
  CHECK(format_bytes({0}) == "0 bytes");
  CHECK(format_bytes({1023}) == "1023 bytes");
  CHECK(format_bytes({1024}) == "1 kB");
  CHECK(format_bytes({8283750}) == "7.9 MB");
  CHECK(format_bytes({700 * 1024 * 1024}) == "700 MB");
  CHECK(format_bytes({1288490189}) == "1.2 GB");
  CHECK(format_bytes({1024 * 1024 - 1}) == "1 MB");
  CHECK(format_bytes({-2048}) == "-2 kB");
}
