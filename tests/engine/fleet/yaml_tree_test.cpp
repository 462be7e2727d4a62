#include "engine/fleet/yaml_tree.hpp"

#include <catch2/catch.hpp>

#include "engine/fleet/nearest.hpp"
#include "engine/fleet/utf8.hpp"
#include "tests/engine/fleet/example.hpp"

using namespace pgconvoy;
using namespace pgconvoy::testing;
using Catch::Matchers::Contains;

TEST_CASE("yaml: a syntax error has its line and column") {
  CHECK_THAT(problem_of("pgconvoy: 1\nregions: {a: 1\n"), Contains("3:1: not YAML"));
  CHECK_THAT(problem_of("pgconvoy: 1\n]\n"), Contains("2:1: not YAML"));
  CHECK_THAT(problem_of("a:\n\tb: 1\n"), Contains("2:3: not YAML"));
  CHECK_THAT(problem_of("a: *nothing\n"), Contains("1:4: not YAML"));
  CHECK_THAT(problem_of("a: 1\nb: 'cut off\n"), Contains("2:4: not YAML: a quote that is never closed"));
  CHECK_THAT(problem_of("a: 1\nb: \"cut \\\"\n"), Contains("never closed"));
  CHECK_THAT(problems_of("a: 'it''s'").front(), !Contains("never closed"));
  CHECK_THAT(problems_of("a: 'it''s'").front(), Contains("unknown key"));
}

TEST_CASE("yaml: more than one document is refused") {
  CHECK_THAT(problem_of("pgconvoy: 1\n---\na: 1\n"), Contains("2:1: there is more after the end"));
  CHECK(problems_of(kExample + "...\n").empty());
  CHECK(problems_of("%YAML 1.2\n---\n" + kExample).empty());
}

TEST_CASE("yaml: what is not UTF-8 text is refused with its place") {
  CHECK_THAT(problem_of("a: \xE9t\xE9\n"), Contains("1:4: not UTF-8 (byte 0xE9)"));
  CHECK_THAT(problem_of("a: 1\n\xC3\xA9: \xC0\x80\n"), Contains("2:4: not UTF-8 (byte 0xC0)"));
  CHECK_THAT(problem_of(std::string("a: 1\nb: x\0y\n", 11)), Contains("2:5: control character 0x00"));
  CHECK_THAT(problem_of("a: \x04\n"), Contains("1:4: control character 0x04"));
  CHECK_THAT(problem_of(std::string("\xFF\xFE"
                                    "a\0",
                                    4)),
             Contains("1:1: not UTF-8"));
  for (const char* bad :
       {"\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE0\x80\x80", "\xF0\x80\x80\x80", "\xC3", "\x80", "\xF5\x80\x80\x80"})
    CHECK_FALSE(is_utf8(bad));
  for (const char* good : {"", "a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xEF\xBF\xBF", "\xF4\x8F\xBF\xBF"})
    CHECK(is_utf8(good));
}

TEST_CASE("yaml: bombs are stopped, by depth and by what aliases stand for") {
  CHECK_THAT(problem_of(std::string(1'000'000, '[')), Contains("nested more than 32 levels"));
  CHECK_THAT(problem_of(std::string(100'000, '{')), Contains("nested more than 32 levels"));
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int level = 1; level < 12; ++level) {
    const std::string before = "*a" + std::to_string(level - 1);
    bomb += "a" + std::to_string(level) + ": &a" + std::to_string(level) + " [" + before;
    for (int copy = 1; copy < 10; ++copy) bomb += ", " + before;
    bomb += "]\n";
  }
  CHECK_THAT(problem_of(bomb), Contains("aliases stand for more than 1000000 values"));
  CHECK_THAT(problem_of("a: &x [*x]\n"), Contains("1:8: an alias inside of what it stands for"));
  CHECK_THAT(problems_of("&x a: *x\n").front(), Contains("unknown key"));
}

TEST_CASE("yaml: the root must be a mapping") {
  CHECK_THAT(problem_of("- a\n"), Contains("1:1: a fleet file is a mapping"));
  CHECK_THAT(problem_of("just text"), Contains("not text"));
  CHECK_THAT(problem_of("~"), Contains("not nothing"));
  CHECK_THAT(problem_of(""), Contains("the file is empty"));
}

TEST_CASE("nearest: one typing error is forgiven, another word is not") {
  const std::vector<std::string_view> words{"region", "service", "url", "password"};
  CHECK(nearest("regoin", words) == "region");
  CHECK(nearest("Region", words) == "region");
  CHECK(nearest("services", words) == "service");
  CHECK(nearest("ulr", words) == "url");
  CHECK(nearest("xyz", words).empty());
  CHECK(nearest("", words).empty());
  CHECK(nearest(std::string(100'000, 'a'), words).empty());
  CHECK(in_quotes("a\x1b[31m\nb") == "\"a\\x1b[31m\\x0ab\"");
}
