#include "engine/postgres/copy_rows.hpp"

#include <string>
#include <vector>

#include "tests/support/catch.hpp"

using namespace pgconvoy;

namespace {

const std::string kHeader("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
const std::string kTrailer("\377\377", 2);
const std::string kOne("\0\2\0\0\0\3a\nb\377\377\377\377", 13);  // "a\nb", NULL
const std::string kTwo("\0\2\0\0\0\0\0\0\0\1x", 11);             // "", "x"
const std::string kNone("\0\0", 2);                              // a row without columns

std::vector<std::string> rows_in(CopyRows& rows, const std::vector<std::string>& pieces) {
  std::vector<std::string> found;
  for (const std::string& piece : pieces) rows.feed(piece, [&](std::string_view row) { found.emplace_back(row); });
  return found;
}

}  // namespace

TEST_CASE("copy rows: header and trailer are no rows, however messages are put together") {
  const std::vector<std::vector<std::string>> ways{
      {kHeader + kOne, kTwo, kNone, kTrailer}, {kHeader + kOne + kTwo + kNone + kTrailer}, {kHeader, kOne + kTwo, kNone + kTrailer}};
  for (const auto& pieces : ways) {
    CopyRows rows(true);
    CHECK(rows_in(rows, pieces) == std::vector<std::string>{kOne, kTwo, kNone});
    CHECK_FALSE(rows.broken());
  }
  CopyRows empty(true);
  CHECK(rows_in(empty, {kHeader + kTrailer}).empty());
  CHECK_FALSE(empty.broken());
}

TEST_CASE("copy rows: what is cut off or begins otherwise is broken") {
  const std::string longer = kHeader.substr(0, 15) + std::string("\0\0\0\2", 4) + "zz";
  CopyRows extended(true);
  CHECK(rows_in(extended, {longer + kOne}) == std::vector<std::string>{kOne});
  for (const std::string& piece : {kHeader.substr(0, 18), "X" + kHeader + kOne, kHeader + kOne.substr(0, 12), kHeader + kOne.substr(0, 7), kHeader + kOne.substr(0, 1),
                                   kHeader + std::string("\0\1\377\377\377\376", 6), longer.substr(0, 20)}) {
    CopyRows rows(true);
    rows_in(rows, {piece});
    CHECK(rows.broken());
  }
}

TEST_CASE("copy rows: lines of text have their newline") {
  CopyRows rows(false);
  CHECK(rows_in(rows, {"a\tb\n\n", "\\N\n"}) == std::vector<std::string>{"a\tb\n", "\n", "\\N\n"});
  CHECK_FALSE(rows.broken());
}
