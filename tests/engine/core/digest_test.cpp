#include "engine/core/digest.hpp"

#include <fstream>

#include "tests/support/catch.hpp"

using namespace pgconvoy;

TEST_CASE("digest: SHA-256 of the standard's own examples") {
  CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("digest: a file has the digest of its content, a missing one is an error") {
  const auto path = std::filesystem::temp_directory_path() / "pgconvoy-digest-test";
  const std::string content(1'000'003, 'x');
  std::ofstream(path) << content;
  auto sum = sha256_of_file(path);
  REQUIRE(sum);
  CHECK(*sum == sha256_hex(content));
  std::filesystem::remove(path);
  auto missing = sha256_of_file(path);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().kind == ErrorKind::not_found);
  CHECK(sha256_of_file(std::filesystem::temp_directory_path()).error().kind == ErrorKind::io);
}
