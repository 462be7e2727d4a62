// Sizes that the servers name in their errors, or that a restore to PostgreSQL 15 accepted.
#include "engine/facts/index_entry.hpp"

#include "tests/support/catch.hpp"

using namespace pgconvoy;

namespace {

constexpr std::int64_t kPage = 8192;

IndexColumn text_column(const std::string& storage) {
  IndexColumn column;
  column.name = column.type = "text";
  column.storage = storage;
  return column;
}

IndexColumn number_column(int length, const std::string& align) {
  IndexColumn column;
  column.length = length;
  column.align = align;
  column.storage = "p";
  return column;
}

IndexValue bytes(std::int64_t plain) {
  IndexValue value;
  value.plain = plain;
  return value;
}

IndexValue null_value() {
  IndexValue value;
  value.null = true;
  return value;
}

std::int64_t exactly(const std::vector<IndexColumn>& columns, const std::vector<IndexValue>& values) {
  const EntrySize size = entry_size(columns, values, kPage);
  CHECK(size.least == size.most);
  return size.most;
}

}  // namespace

TEST_CASE("index entry: limits follow the page size") {
  CHECK(entry_limit("btree", 8192) == 2704);
  CHECK(entry_limit("btree", 16384) == 5432);
  CHECK(entry_limit("gin", 8192) == 2712);
  CHECK(entry_limit("gist", 8192) == 8152);
  CHECK(entry_limit("gist", 32768) == 8191);
  CHECK(entry_limit("hash", 8192) == 0);
}

TEST_CASE("index entry: storage external and plain keep a value as long as it is") {
  CHECK(exactly({text_column("e")}, {bytes(3036)}) == 3048);
  CHECK(exactly({text_column("p")}, {bytes(3036)}) == 3048);
  CHECK(exactly({text_column("e")}, {bytes(2692)}) == 2704);
  CHECK(exactly({text_column("e")}, {bytes(2693)}) == 2712);
}

TEST_CASE("index entry: extended and main take the compressed form of long values") {
  IndexValue value = bytes(3036);
  value.compressed = 52;
  CHECK(exactly({text_column("x")}, {value}) == 64);
  CHECK(exactly({text_column("m")}, {value}) == 64);
  CHECK(exactly({text_column("e")}, {value}) == 3048);
}

TEST_CASE("index entry: short values are compressed only when their row is long, which nobody knows beforehand") {
  IndexValue value = bytes(500);
  value.compressed = 60;
  const EntrySize size = entry_size({text_column("x")}, {value}, kPage);
  CHECK(size.least == 72);
  CHECK(size.most == 512);
}

TEST_CASE("index entry: a value of which nobody knows how far it compresses is between its best and itself") {
  IndexValue value = bytes(9000);
  value.may_compress = true;
  const EntrySize size = entry_size({text_column("x")}, {value}, kPage);
  CHECK(size.least < 200);
  CHECK(size.most == 9016);
}

TEST_CASE("index entry: columns are padded to their alignment, short values aren't, nulls add a bitmap") {
  CHECK(exactly({number_column(8, "d"), text_column("e")}, {IndexValue(), bytes(10)}) == 32);
  CHECK(exactly({text_column("e"), number_column(8, "d")}, {bytes(10), IndexValue()}) == 32);
  CHECK(exactly({text_column("p"), number_column(4, "i")}, {bytes(1), IndexValue()}) == 24);
  CHECK(exactly({text_column("e"), text_column("e")}, {null_value(), bytes(3036)}) == 3056);
}

TEST_CASE("index entry: what an operator class makes of a value doesn't count") {
  IndexColumn column = text_column("e");
  column.stored = false;
  CHECK(exactly({column}, {bytes(9000)}) == 8);
}
