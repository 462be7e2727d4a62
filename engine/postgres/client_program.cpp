#include "engine/postgres/client_program.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <regex>
#include <vector>

namespace pgconvoy {
namespace {

void add_directories(std::vector<std::filesystem::path>& directories, const char* list, int major) {
  const std::string text = list ? list : "";
  for (std::size_t from = 0; from < text.size();) {
    const auto to = std::min(text.find(':', from), text.size());
    auto directory = text.substr(from, to - from);
    if (const auto place = directory.find("{major}"); place != std::string::npos)
      directory.replace(place, 7, std::to_string(major));
    if (!directory.empty()) directories.emplace_back(directory);
    from = to + 1;
  }
}

}  // namespace

ChildEnvironment environment_for_child(const ConnectionSpec& connection) {
  ChildEnvironment environment{connection.conninfo(), {}};
  if (!connection.password.empty()) environment.secrets.emplace("PGPASSWORD", connection.password);
  return environment;
}

std::string version_in(const std::string& output) {
  static const std::regex pattern(R"(\(PostgreSQL\) ([0-9]+(\.[0-9]+|(devel|alpha|beta|rc)[0-9]*)))");
  std::smatch match;
  return std::regex_search(output, match, pattern) ? match[1].str() : "";
}

Task<Result<ClientProgram>> find_client_program(ProcessLauncher& launcher, std::string name, int major) {
  std::vector<std::filesystem::path> directories;
  add_directories(directories, std::getenv("PGCONVOY_BINDIR"), major);
  directories.emplace_back(fmt::format("/usr/lib/postgresql/{}/bin", major));
  directories.emplace_back(fmt::format("/usr/pgsql-{}/bin", major));
  add_directories(directories, std::getenv("PATH"), major);
  std::string seen;
  for (const auto& directory : directories) {
    const auto path = directory / name;
    if (::access(path.c_str(), X_OK) != 0) continue;
    ProcessSpec spec;
    spec.argv = {path.string(), "--version"};
    spec.limit = Seconds(10);
    auto result = co_await launcher.run(std::move(spec));
    if (!result && result.error().kind == ErrorKind::cancelled) co_return std::move(result).error();
    const auto version = result ? version_in(result->output) : "";
    if (!version.empty() && std::stoi(version) == major) co_return ClientProgram{path, major, version};
    seen += fmt::format("{}{} is {}", seen.empty() ? "" : ", ", path.string(), version.empty() ? "unusable" : version);
  }
  co_return Error(
      ErrorKind::not_found,
      fmt::format("no {} of PostgreSQL {} was found{}", name, major, seen.empty() ? "" : ": " + seen),
      fmt::format("install postgresql-client-{0}, or set PGCONVOY_BINDIR to the directory of its programs", major));
}

}  // namespace pgconvoy
