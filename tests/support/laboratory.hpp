// The laboratory that server tests run in (scripts/lab up --dir DIR, PGCONVOY_TEST_LAB=DIR).
#pragma once

#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <vector>

#include "engine/core/json.hpp"
#include "engine/postgres/connection.hpp"

namespace pgconvoy::testing {

struct LaboratoryServer {
  int major = 0;
  ConnectionSpec connection;  // the administrator's, to database postgres
};

// All servers, oldest first. Throws when PGCONVOY_TEST_LAB names no laboratory: a server test that runs without
// a server has tested nothing.
inline std::vector<LaboratoryServer> laboratory_servers() {
  const char* directory = std::getenv("PGCONVOY_TEST_LAB");
  if (!directory) throw std::runtime_error("PGCONVOY_TEST_LAB names no laboratory: scripts/lab up --dir DIR");
  std::ifstream file(std::string(directory) + "/lab.json");
  if (!file) throw std::runtime_error(std::string("no laboratory in ") + directory);
  const auto record = json::parse(file);
  std::vector<LaboratoryServer> servers;
  for (const auto& [name, server] : record.at("servers").items()) {
    ConnectionSpec connection;
    connection.server = name;
    connection.keywords = {{"host", "127.0.0.1"},
                           {"port", std::to_string(server.at("port").get<int>())},
                           {"user", "postgres"},
                           {"dbname", "postgres"},
                           {"passfile", std::string(directory) + "/secrets/admin.passfile"}};
    servers.push_back({server.at("major").get<int>(), std::move(connection)});
  }
  std::sort(servers.begin(), servers.end(), [](const auto& a, const auto& b) { return a.major < b.major; });
  return servers;
}

}  // namespace pgconvoy::testing
