#include "engine/postgres/statement_mask.hpp"

#include <catch2/catch.hpp>

#include "engine/postgres/sql_error.hpp"

using namespace pgconvoy;

TEST_CASE("statement mask: no form of giving a password is quoted") {
  for (const char* sql :
       {"CREATE ROLE app LOGIN PASSWORD 'hunter2'", "alter role app encrypted password E'hunter2\\'x'",
        "ALTER ROLE app PASSWORD $$hunter2$$", "ALTER ROLE app PASSWORD $a$it's hunter2$a$",
        "ALTER ROLE app PASSWORD U&'hunter2'", "DO $$ BEGIN EXECUTE 'CREATE ROLE a PASSWORD ''hunter2'''; END $$",
        "CREATE USER MAPPING FOR app SERVER s OPTIONS (user 'app', password 'hunter2')",
        "CREATE SUBSCRIPTION s CONNECTION 'host=a password=hunter2' PUBLICATION p",
        "SELECT dblink_connect('postgresql://app:hunter2@db/x')", "ALTER ROLE app PASSWORD hunter2",
        "ALTER ROLE app PASSWORD 'hunter2", "/* it's */ ALTER ROLE app PASSWORD 'hunter2'",
        "/* a /* b' */ c */ ALTER ROLE app PASSWORD 'hunter2'", "-- it's\nALTER ROLE app PASSWORD 'hunter2'",
        "ALTER ROLE \"it's\" PASSWORD 'hunter2'", "ALTER ROLE app PASSWORD 'a''hunter2'"}) {
    INFO(sql);
    CHECK(statement_for_messages(sql).find("hunter2") == std::string::npos);
  }
  CHECK(statement_for_messages("ALTER ROLE app PASSWORD 'hunter2' VALID UNTIL 'infinity'") ==
        "ALTER ROLE app PASSWORD '***' VALID UNTIL '***'");
}

TEST_CASE("statement mask: verifiers are secrets too") {
  CHECK(masked_statement("SELECT 'SCRAM-SHA-256$4096:abc'").text == "SELECT '***'");
  CHECK(masked_statement("SELECT 'md50123456789abcdef0123456789abcdef'").text == "SELECT '***'");
}

TEST_CASE("statement mask: what holds no secret stays readable") {
  for (const char* sql : {"SELECT 'a' FROM t WHERE b = $1 AND c = 'it''s'", "ALTER DATABASE \"pass word\" RENAME TO b",
                          "SELECT $1::text || $2", "SELECT 'http://example.org/a:b'"})
    CHECK(masked_statement(sql).text == sql);
}

TEST_CASE("statement mask: a message that repeats a part of the statement is masked") {
  const auto mask = masked_statement("ALTER ROLE app PASSWORD 'hunter2'");
  CHECK(mask.without_secrets("bad value hunter2 here") == "bad value *** here");
  CHECK(masked_statement("ALTER ROLE app PASSWORD 'it''s so'").without_secrets("no: it's so") == "no: ***");
  CHECK(masked_statement(R"(ALTER ROLE app PASSWORD E'it''s \\ so')").without_secrets(R"(no: it's \ so)") == "no: ***");
  CHECK(masked_statement("CREATE SUBSCRIPTION s CONNECTION 'host=h password=hunter2 tty=x'").without_secrets("option hunter2") == "option ***");
  CHECK(mask.without_secrets("syntax error at or near \"x\"") == "syntax error at or near ***");
  CHECK(masked_statement("SELECT x").without_secrets("syntax error at or near \"x\"") ==
        "syntax error at or near \"x\"");
}

TEST_CASE("statement mask: quoted statements are one short line") {
  CHECK(statement_for_messages("SELECT\n  1\t;\x1b") == "SELECT 1 ;");
  CHECK(statement_for_messages("SELECT '" + std::string(100'000, 'x') + "'").size() == 300);
}
