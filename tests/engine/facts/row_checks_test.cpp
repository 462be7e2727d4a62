#include "engine/facts/row_checks.hpp"

#include "tests/support/catch.hpp"

using namespace pgconvoy;

namespace {

RowCheck check_of(const std::string& kind, const std::string& sql, const std::string& detail = "") {
  RowCheck check;
  check.kind = kind;
  check.object = "thing";
  check.table = "public.t";
  check.sql = sql;
  check.detail = detail;
  return check;
}

}  // namespace

TEST_CASE("row checks: conditions over one table are counted in one reading") {
  CHECK(count_conditions({check_of("check", "not (a > 0)"), check_of("generated", "b is distinct from c")}) ==
        "select concat_ws(',', count(*) filter (where not (a > 0)), count(*) filter (where b is distinct from c)) from only public.t");
}

TEST_CASE("row checks: what is shown to a person lists rows instead of counting them") {
  CHECK(showing_sql(check_of("check", "not (a > 0)")) == "SELECT * FROM ONLY public.t WHERE not (a > 0)");
  CHECK(showing_sql(check_of("unique", "select count(*) from (select from only public.t where (a) is not null group by (a) having count(*) > 1) d", "(a)")) ==
        "SELECT (a), count(*) FROM only public.t where (a) is not null group by (a) HAVING count(*) > 1");
  CHECK(showing_sql(check_of("foreign", "select count(*) from only public.t c where c.a is not null union all select count(*) from only public.t c")) ==
        "SELECT c.* from only public.t c where c.a is not null");
  CHECK(showing_sql(check_of("exclusion", "select count(*) from (select 1) a join (select 1) b on true")) ==
        "SELECT a.*, b.* from (select 1) a join (select 1) b on true");
  CHECK(showing_sql(check_of("domain", "select count((c.thing::integer)::public.even) * 0 as count from only public.t c", "public.even")) ==
        "SELECT thing FROM ONLY public.t");
}

TEST_CASE("row checks: rows of the catalogue are taken over column by column") {
  Rows rows;
  rows.rows.push_back({"unique", "public.i", "public.t", "t", "8192", "f", "select 1", "(a)", "select 0"});
  const auto checks = row_checks_of(rows);
  REQUIRE(checks.size() == 1);
  CHECK(checks[0].kind == "unique");
  CHECK(checks[0].tenants_code);
  CHECK(checks[0].bytes == 8192);
  CHECK_FALSE(checks[0].usual);
  CHECK(checks[0].quick == "select 0");
  CHECK_FALSE(checks[0].is_condition());
}
