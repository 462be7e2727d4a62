#include "engine/postgres/recorded.hpp"

#include <catch2/catch.hpp>

using namespace pgconvoy;

TEST_CASE("recorded: a copy's sequence may stand anywhere between what was recorded and what is there later") {
  CHECK(is_between("12 true", "12 true", "12 true"));
  CHECK(is_between("12 true", "17 true", "30 true"));
  CHECK(is_between("12 true", "30 true", "30 true"));
  CHECK_FALSE(is_between("12 true", "31 true", "30 true"));
  CHECK_FALSE(is_between("12 true", "11 true", "30 true"));
  CHECK(is_between("1 false", "1 true", "2 true"));
  CHECK_FALSE(is_between("1 true", "1 false", "2 true"));
  // It counts down, or somebody set it back.
  CHECK(is_between("-5 true", "-7 true", "-9 true"));
  CHECK_FALSE(is_between("-5 true", "-4 true", "-9 true"));
  // Dropped meanwhile: nothing is known against it. Unreadable on both sides: the same.
  CHECK(is_between("12 true", "99 true", ""));
  CHECK(is_between("", "", ""));
  CHECK_FALSE(is_between("12 true", "", "30 true"));
}

TEST_CASE("recorded: into bytes and back, names in whatever encoding") {
  RecordedDatabase record;
  record.version = 130023;
  record.target_version = 150008;
  record.superusers = false;
  record.seed = 0xfedcba9876543210;
  record.entries = {{"table", "public.\"caf\xe9\"", "schema public", "owner alice", "a\nb"}};
  record.sequences = {{"public.ids", "12 true"}};
  record.tables = {{"public.\"caf\xe9\"", {"id", "na\xefve"}, {"id"}, true, "WHERE x", 8192}};
  record.sums = {{"rows", "public.\"caf\xe9\"", false, {0xffffffffffffffff, 1, 3, 99}}, {"large object", "content", true, {}}};
  record.rows = 3;
  record.bytes = 99;
  const auto back = record_from_bytes(to_bytes(record));
  REQUIRE(back.has_value());
  CHECK(back->version == 130023);
  CHECK(back->target_version == 150008);
  CHECK_FALSE(back->superusers);
  CHECK(back->content);
  CHECK(back->seed == 0xfedcba9876543210);
  REQUIRE(back->entries.size() == 1);
  CHECK(back->entries[0].identity == "public.\"caf\xe9\"");
  CHECK(back->entries[0].hidden == "a\nb");
  CHECK(back->sequences == record.sequences);
  REQUIRE(back->tables.size() == 1);
  CHECK(back->tables[0].columns == record.tables[0].columns);
  CHECK(back->tables[0].generated);
  REQUIRE(back->sums.size() == 2);
  CHECK(back->sums[0].sum == record.sums[0].sum);
  CHECK(back->sums[1].large_objects);
  CHECK(back->bytes == 99);
}

TEST_CASE("recorded: damage is an error, wherever it is cut") {
  RecordedDatabase record;
  record.entries = {{"table", "public.a", "", "owner alice", ""}};
  const std::string bytes = to_bytes(record);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto read = record_from_bytes(bytes.substr(0, size));
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().kind == ErrorKind::corrupt);
  }
}
