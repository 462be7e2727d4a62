#include "engine/platform/env_file.hpp"

#include <catch2/catch.hpp>

using pgconvoy::EnvFile;

TEST_CASE("env file: what is not changed stays byte by byte") {
  for (const char* text :
       {"", "\n", "A=1", "A=1\n", "# c\n\n  A=1\nB=x y = 'z'\t\nbroken\n=\n\xff\xfe\r\n", "A=1\n\n\n"})
    CHECK(EnvFile(text).text() == text);
}

TEST_CASE("env file: a value is raw to the end of its line, the last one wins") {
  const EnvFile file("A=first\n#A=no\nAB=other\nA= 'x' # y =\n");
  CHECK(file.get("A") == " 'x' # y =");
  CHECK(file.get("AB") == "other");
  CHECK(file.get("#A") == "no");
  CHECK_FALSE(file.get("B"));
  CHECK(EnvFile("A=\n").get("A") == "");
}

TEST_CASE("env file: setting a variable touches its lines only") {
  EnvFile file("# top\nA=1\nB=2\nA=3\n# end");
  file.set("A", "4");
  CHECK(file.text() == "# top\nA=4\nB=2\nA=4\n# end");
  EnvFile last("A=1");
  last.set("A", "2");
  CHECK(last.text() == "A=2");
}

TEST_CASE("env file: a new variable gets a line of its own") {
  EnvFile file("A=1");
  file.set("B", "2");
  CHECK(file.text() == "A=1\nB=2\n");
  EnvFile empty("");
  empty.set("B", "2");
  CHECK(empty.text() == "B=2\n");
}

TEST_CASE("env file: line breaks and zero bytes can't be held") {
  CHECK(EnvFile::can_hold("a\tb=c'\""));
  CHECK_FALSE(EnvFile::can_hold("a\nb"));
  CHECK_FALSE(EnvFile::can_hold(std::string("a\0b", 3)));
}
