#include <catch2/catch.hpp>

#include "engine/postgres/session.hpp"

using namespace pgconvoy;

TEST_CASE("quote: identifiers") {
  CHECK(quote_identifier("shop") == "\"shop\"");
  CHECK(quote_identifier("\"; drop") == "\"\"\"; drop\"");
  CHECK(quote_identifier("") == "\"\"");
}

TEST_CASE("quote: literals are safe whatever standard_conforming_strings is") {
  CHECK(quote_literal("it's") == "'it''s'");
  CHECK(quote_literal("a\\'b") == " E'a\\\\''b'");
}
