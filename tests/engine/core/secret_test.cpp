#include "engine/core/secret.hpp"

#include <catch2/catch.hpp>

#include <sstream>

using namespace pgconvoy;

TEST_CASE("secret: whatever prints it prints ***") {
  const Secret secret("hunter2");
  std::ostringstream out;
  out << secret;
  CHECK(out.str() == "***");
  CHECK(fmt::format("{:>5}", secret) == "  ***");
  CHECK(secret.reveal() == "hunter2");
}

TEST_CASE("secret: random ones differ and have their alphabet") {
  CHECK(random_secret().reveal().size() == 32);
  CHECK_FALSE(random_secret() == random_secret());
  CHECK(random_token(500).find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789") == std::string::npos);
}
