#include "engine/facts/application_host.hpp"

#include "tests/support/catch.hpp"

using namespace pgconvoy;

namespace {

std::vector<std::string> wired_in(const std::string& env_file, const std::string& host, const std::string& port) {
  std::vector<std::string> found;
  for (const auto& variable : hard_wired_variables(env_file, {"DATABASE_URL", "PGHOST"}, host, port)) found.push_back(variable.variable + ": " + variable.what);
  return found;
}

}  // namespace

TEST_CASE("hard-wired variables: an address counts wherever it stands, but not what the binding names") {
  const std::string file =
      "DATABASE_URL=postgresql://u:p@db.internal:5433/shop\n"
      "REPORT_URL=postgresql://u:p@db.internal:5433/shop?sslmode=require\n"
      "JDBC=jdbc:postgresql://db.internal:5433/shop\n"
      "SEVERAL=a.internal:5433,db.internal:5433\n"
      "# OLD=db.internal:5433\n";
  CHECK(wired_in(file, "db.internal", "5433") == std::vector<std::string>{"REPORT_URL: the address db.internal:5433", "JDBC: the address db.internal:5433",
                                                                      "SEVERAL: the address db.internal:5433"});
}

TEST_CASE("hard-wired variables: names and numbers that only begin or end alike are others") {
  CHECK(wired_in("A=mydb.internal:5433\nB=db.internal:54331\nC=db.internal\nD=x-db.internal\n", "db.internal", "5433") ==
        std::vector<std::string>{"C: the host db.internal"});
}

TEST_CASE("hard-wired variables: a loopback host says nothing by itself, and a port only under a database's name") {
  const std::string file = "HOST=127.0.0.1\nPORT=5433\nPGPORT=5433\nDB_PORT=5434\nCACHE=localhost:5433\nWEB=localhost:80\n";
  CHECK(wired_in(file, "127.0.0.1", "5433") == std::vector<std::string>{"PGPORT: the port 5433", "CACHE: the address localhost:5433"});
}
