#include "engine/postgres/row_counts.hpp"

#include "tests/support/catch.hpp"

using namespace pgconvoy;

namespace {

ContentTable counted(const std::string& name, std::int64_t size = 0, const std::string& condition = "") {
  ContentTable made;
  made.name = name;
  made.size = size;
  made.condition = condition;
  return made;
}

}  // namespace

TEST_CASE("row counts: small tables share a statement, a large one has its own, conditions of extensions count") {
  const std::vector<ContentTable> tables{counted("a.large", 64 << 20), counted("a.small"), counted("a.part", 0, "WHERE srid > 7")};
  const auto statements = row_counts_sql(tables, true);
  REQUIRE(statements.size() == 2);
  CHECK(statements[0] == "select 'a.large' as counted_table, count(*) as counted_rows from only a.large");
  CHECK(statements[1] ==
        "select 'a.small' as counted_table, count(*) as counted_rows from only a.small union all "
        "select 'a.part' as counted_table, count(*) as counted_rows from only a.part WHERE srid > 7 union all "
        "select '' as counted_table, count(*) as counted_rows from pg_catalog.pg_largeobject_metadata");
  CHECK(row_counts_sql({}, false).empty());
}

TEST_CASE("row counts: many tables are counted by several statements") {
  std::vector<ContentTable> tables;
  for (int i = 0; i < 250; ++i) tables.push_back(counted("a.t" + std::to_string(i)));
  CHECK(row_counts_sql(tables, false).size() == 3);
}

TEST_CASE("row counts: a row less, a row more and a missing table are told, what only the target has isn't") {
  CHECK(different_counts({{"a.t", 3}, {"a.u", 0}}, {{"a.t", 3}, {"a.u", 0}, {"a.extension", 9}}).empty());
  const auto different = different_counts({{"a.t", 3}, {"a.u", 1}, {"a.v", 1204}}, {{"a.t", 2}, {"a.u", 2}});
  REQUIRE(different.size() == 3);
  CHECK(different[0] == "a.t (3 rows there, 2 here)");
  CHECK(different[1] == "a.u (1 row there, 2 here)");
  CHECK(different[2] == "a.v (1,204 rows there, no such table here)");
}
