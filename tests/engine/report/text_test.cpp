#include "engine/report/text.hpp"

#include <catch2/catch.hpp>

#include "engine/report/table.hpp"

using namespace pgconvoy;
using namespace pgconvoy::report;

TEST_CASE("text: what a server says can't drive the terminal") {
  CHECK(shown("red \x1b[31malert\x1b[0m\a") == "red [31malert [0m");
  CHECK(shown("c1 \xc2\x9b" "31m") == "c1 31m");
  CHECK(shown("two\nlines\r") == "two lines");
  CHECK(shown("\xff\xfe") == "??");
  CHECK(shown("\xed\xa0\x80") == "???");  // a surrogate is no UTF-8
  CHECK(shown("abc\xe2\x80\xae" "fdp") == "abc?fdp");  // right-to-left override
  CHECK(shown("größe 東京") == "größe 東京");
}

TEST_CASE("text: width counts columns, not bytes") {
  CHECK(width_of("größe") == 5);
  CHECK(width_of("東京") == 4);
  CHECK(width_of("e\xcc\x81") == 1);
  CHECK(padded("東", 4) == "東  ");
  CHECK(padded("7", 3, Align::right) == "  7");
  CHECK(padded("long", 2) == "long");
}

TEST_CASE("text: cutting never splits a character and marks what is missing") {
  CHECK(cut("shop-live", 9) == "shop-live");
  CHECK(cut("shop-live", 8) == "shop-l..");
  CHECK(cut("東京東京", 7) == "東京..");
  CHECK(cut("abc", 1) == ".");
}

TEST_CASE("text: wrapping breaks at blanks and indents what follows") {
  CHECK(wrapped("one two three", 9, 2) == "one two\n  three");
  CHECK(wrapped("averyverylongword x", 8, 2) == "averyverylongword\n  x");
  CHECK(wrapped("", 8, 2).empty());
}

TEST_CASE("text: numbers for people") {
  CHECK(count(1, "target") == "1 target");
  CHECK(count(0, "target") == "0 targets");
  CHECK(with_separators(1234567) == "1,234,567");
  CHECK(with_separators(-1000) == "-1,000");
  CHECK(with_separators(999) == "999");
  CHECK(day_and_time("2026-11-22T21:49:03.120Z") == "2026-11-22 21:49 UTC");
  CHECK(day_and_time("soon\x1b[2J") == "soon [2J");
}

TEST_CASE("table: columns are aligned, nothing stands at the end of a line") {
  Table table({{"name", Align::left, true}, {"size", Align::right}});
  table.add({"a", "7"});
  table.add({"größe", "12"});
  CHECK(table.text(Style{}, 0) == "name   size\na         7\ngröße    12\n");
}

TEST_CASE("table: only the column that gives way is cut") {
  Table table({{"target", Align::left, true}, {"result"}});
  table.add({"a-very-long-target-name", "rolled back"});
  CHECK(table.text(Style{}, 30) == "target             result\na-very-long-tar..  rolled back\n");
  CHECK(table.text(Style{}, 5).find("rolled back") != std::string::npos);
}

TEST_CASE("table: colours don't move columns, and Markdown can't be broken out of") {
  Table table({{"target"}, {"result"}, {"next"}});
  table.add({"x|y", Cell("bad", Tone::bad), "z"});
  CHECK(table.text(Style{true}, 0).find("\x1b[31mbad\x1b[0m     z") != std::string::npos);
  CHECK(table.markdown() == "| target | result | next |\n| --- | --- | --- |\n| x\\|y | bad | z |\n");
}
