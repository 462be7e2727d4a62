#include "engine/core/error.hpp"

#include "tests/support/catch.hpp"

using namespace pgconvoy;

TEST_CASE("error: every kind is found again by its name") {
  for (int kind = 0; kind <= static_cast<int>(ErrorKind::internal); ++kind)
    CHECK(error_kind_from_string(to_string(static_cast<ErrorKind>(kind))) == static_cast<ErrorKind>(kind));
}

TEST_CASE("error: the description names server, SQLSTATE and remedy") {
  Error error(ErrorKind::sql, "boom", "type this");
  error.sqlstate = "40001";
  CHECK(describe(std::move(error).on("east").within("cannot fence")) ==
        "cannot fence: boom (server east) [SQLSTATE 40001]\n  type this");
}

TEST_CASE("error: a value taken without a check is reported with what went wrong") {
  Result<int> result = Error(ErrorKind::io, "disk full");
  CHECK_THROWS_WITH(result.value(), Catch::Contains("disk full"));
}
