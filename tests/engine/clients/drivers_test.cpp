#include "engine/clients/drivers.hpp"

#include <fstream>
#include <set>
#include <sstream>

#include "tests/support/catch.hpp"

using namespace pgconvoy;
using namespace pgconvoy::clients;

TEST_CASE("drivers: versions are compared by their numbers", "[clients]") {
  CHECK(compare_versions("7.9.0", "7.10") < 0);
  CHECK(compare_versions("10", "9.6.24") > 0);
  CHECK(compare_versions("v4.18.1", "3.4.0") > 0);
  CHECK(compare_versions("42.2.1", "42.2.1.jre7") == 0);
  CHECK(compare_versions("9.4-1201.jdbc41", "9.4.1200") > 0);
  CHECK(compare_versions("1.0", "1.0.0") == 0);
  CHECK(compare_versions("99999999999999999999999", "1") < 0);
}

TEST_CASE("drivers: each is judged on both sides of its first version", "[clients]") {
  for (const Driver& driver : drivers()) {
    INFO(driver.kind);
    CHECK(std::string(driver.source).size() > 10);
    if (*driver.first == '\0') {
      CHECK(judge(driver.kind, "99.0").scram == SpeaksScram::unknown);
      continue;
    }
    CHECK(judge(driver.kind, driver.first).scram == SpeaksScram::yes);
    CHECK(judge(driver.kind, "99.0").scram == SpeaksScram::yes);
    CHECK(judge(driver.kind, "0.0.1").scram == SpeaksScram::no);
    CHECK(judge(driver.kind, "").scram == SpeaksScram::unknown);
    CHECK(judge(driver.kind, "latest").scram == SpeaksScram::unknown);
  }
  CHECK(judge("something", "1.0").scram == SpeaksScram::unknown);
}

TEST_CASE("drivers: a version of Go that names a commit is judged by its day", "[clients]") {
  CHECK(judge("lib/pq", "v0.0.0-20180327071824-d34b9ff171c2").scram == SpeaksScram::no);
  CHECK(judge("lib/pq", "v0.0.0-20190415000000-51e2106eed1c").scram == SpeaksScram::yes);
  CHECK(judge("lib/pq", "v1.0.1-0.20190501000000-51e2106eed1c").scram == SpeaksScram::yes);
  CHECK(judge("pgx", "v3.6.2+incompatible").scram == SpeaksScram::yes);
  CHECK(judge("pgx", "v3.3.0+incompatible").scram == SpeaksScram::no);
}

TEST_CASE("drivers: the page has the table that the program has", "[clients]") {
  std::ifstream page(PGCONVOY_SOURCE_DIR "/docs/clients.md");
  REQUIRE(page);
  std::stringstream text;
  text << page.rdbuf();
  for (const Driver& driver : drivers()) {
    const std::string row = std::string("| ") + driver.kind + " | " + driver.language + " | " + (*driver.first ? driver.first : "that of its libpq") + " | " + driver.source + " |";
    INFO(row);
    CHECK(text.str().find(row) != std::string::npos);
  }
}
