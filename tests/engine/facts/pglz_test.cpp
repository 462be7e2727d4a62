// The sizes expected here are those that PostgreSQL 13.23 and 15.18 stored the same strings with (pg_column_size, without headers).
#include "engine/facts/pglz.hpp"

#include <string>

#include "tests/support/catch.hpp"

using namespace pgconvoy;

namespace {

std::string drawn(std::uint32_t seed, std::uint32_t letters, std::size_t length) {
  std::string text;
  for (std::uint32_t state = seed; text.size() < length;) {
    state = state * 1103515245u + 12345u;
    text += static_cast<char>('a' + (state >> 16) % letters);
  }
  return text;
}

}  // namespace

TEST_CASE("pglz: sizes are the server's to the byte") {
  CHECK(pglz_size(drawn(2, 2, 200)) == 72u);
  CHECK(pglz_size(drawn(3, 3, 600)) == 277u);
  CHECK(pglz_size(drawn(4, 5, 1500)) == 928u);
  CHECK(pglz_size(drawn(5, 4, 3000)) == 1336u);
  CHECK(pglz_size(drawn(8, 8, 9000)) == 5906u);
  CHECK(pglz_size(drawn(10, 3, 20000)) == 5798u);
  CHECK(pglz_size(std::string(3000, 'a')) == 36u);
  std::string umlauts;
  for (int i = 0; i < 700; ++i) umlauts += "\xc3\xa4";
  CHECK(pglz_size(umlauts) == 21u);
}

TEST_CASE("pglz: what saves less than a quarter, or nothing in its first kilobyte, stays as it is") {
  CHECK(pglz_size(drawn(6, 16, 3000)) == std::nullopt);
  CHECK(pglz_size(drawn(11, 12, 6000)) == std::nullopt);
  CHECK(pglz_size(drawn(24, 26, 1100) + std::string(400, 'a')) == std::nullopt);
  CHECK(pglz_size(std::string(31, 'a')) == std::nullopt);
  CHECK(pglz_size("") == std::nullopt);
}

TEST_CASE("pglz: what repeats is found up to a window back, not further") {
  const std::string near = std::string(100, 'a') + drawn(22, 26, 3800), far = std::string(100, 'a') + drawn(23, 26, 4100);
  CHECK(pglz_size(near + near) == 4311u);
  CHECK(pglz_size(far + far) == std::nullopt);
}

TEST_CASE("lz4: sizes are those of PostgreSQL's library") {
  const Lz4Size found = lz4_size(drawn(5, 4, 3000));
  if (!found.known) WARN("liblz4.so.1 isn't here");
  CHECK((!found.known || found.size == 2135u));
  CHECK((!found.known || lz4_size(drawn(6, 16, 3000)).size == std::nullopt));
}
