#include "engine/fleet/service.hpp"

#include <catch2/catch.hpp>

using namespace pgconvoy;

TEST_CASE("service: its name ends with the major version, or says none") {
  CHECK(major_of_service("postgresql-database-13") == 13);
  CHECK(major_of_service("pg9") == 9);
  CHECK(major_of_service("postgresql-2024-15") == 15);
  CHECK(major_of_service("postgresql") == 0);
  CHECK(major_of_service("postgresql-15-new") == 0);
  CHECK(major_of_service("cluster-2024") == 0);
  CHECK(major_of_service("") == 0);
}
