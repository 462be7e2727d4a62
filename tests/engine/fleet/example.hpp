// One small good fleet file for the tests of this folder, and ways to break it.
#pragma once

#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "engine/fleet/file.hpp"

namespace pgconvoy::testing {

inline const std::string kExample = R"(pgconvoy: 1
regions:
  eu-west: {concurrency: 2}
  us-east:
servers:
  eu-west-pg13:
    region: eu-west
    service: postgresql-database-13
    url: postgresql://postgres@127.0.0.1:5433/postgres
    password: {passfile: secrets/admin.passfile}
environments:
  shop-live:
    region: eu-west
    application: shop
    stage: live
    downtime_budget: 5m
    controller:
      kind: local
      directory: apps/shop-live
      start: [./run]
      env_file: env
      pid_file: app.pid
      log_file: app.log
      maintenance_file: nginx/maintenance/shop-live
      health_url: http://127.0.0.1:8081/health
      public_url: http://127.0.0.1:8080/
    bindings:
      - instance: shop-live-db
        variables: {DATABASE_URL: url}
instances:
  shop-live-db:
    server: eu-west-pg13
    database: shop_live
    role: shop_live
    state: provisioned
    labels: {team: a}
)";

// The example with the first `from` replaced. REQUIRES: it is there.
inline std::string changed(const std::string& from, const std::string& to) {
  std::string yaml = kExample;
  const auto at = yaml.find(from);
  REQUIRE(at != std::string::npos);
  return yaml.replace(at, from.size(), to);
}

// "LINE:COLUMN: MESSAGE" for each problem.
inline std::vector<std::string> problems_of(const std::string& yaml) {
  std::vector<std::string> result;
  for (const FileProblem& problem : parse_fleet(yaml, "/fleet").problems)
    result.push_back(std::to_string(problem.line) + ":" + std::to_string(problem.column) + ": " + problem.message);
  return result;
}

// REQUIRES: exactly one.
inline std::string problem_of(const std::string& yaml) {
  const auto problems = problems_of(yaml);
  CAPTURE(problems);
  REQUIRE(problems.size() == 1);
  return problems.front();
}

}  // namespace pgconvoy::testing
