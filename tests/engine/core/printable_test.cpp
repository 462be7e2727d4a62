#include "engine/core/printable.hpp"

#include <catch2/catch.hpp>

using namespace pgconvoy;

TEST_CASE("printable: control characters and line breaks become one space") {
  CHECK(printable("a\n\tb\x1b[31m c\x7f") == "a b [31m c");
  CHECK(printable("\r\n") == "");
  CHECK(printable("d\xc2\x9b"
                  "e\xc3\xa4") == "d e\xc3\xa4");
}

TEST_CASE("shortened: a character of UTF-8 is never cut in two") {
  CHECK(shortened("abc", 3) == "abc");
  CHECK(shortened("abcdef", 5) == "ab...");
  CHECK(shortened("a\xc3\xa4\xc3\xa4\xc3\xa4", 5) == "a...");
}
