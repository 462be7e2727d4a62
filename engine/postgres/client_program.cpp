#include "engine/postgres/client_program.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <regex>
#include <string>
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

// What a file of machine code said of its version it says again: within a minute it isn't started for that once more. A
// script (Debian's pg_dump in /usr/bin is one) may say something else each time.
struct SaidVersion {
  std::array<std::int64_t, 6> file{};
  std::chrono::steady_clock::time_point when;
  std::string version;
};

std::optional<std::array<std::int64_t, 6>> identity_of(const std::filesystem::path& path) {
  struct stat entry {};
  std::array<char, 4> start{};
  std::ifstream file(path, std::ios::binary);
  if (::stat(path.c_str(), &entry) != 0 || !file.read(start.data(), start.size()) || start != std::array<char, 4>{'\x7f', 'E', 'L', 'F'})
    return std::nullopt;
  return std::array<std::int64_t, 6>{static_cast<std::int64_t>(entry.st_dev), static_cast<std::int64_t>(entry.st_ino), entry.st_size,
                                     entry.st_mtim.tv_sec, entry.st_mtim.tv_nsec, entry.st_ctim.tv_sec};
}

// By path. Only the loop's thread comes here.
std::map<std::string, SaidVersion>& said_versions() {
  static std::map<std::string, SaidVersion> said;
  return said;
}

Task<Result<std::string>> version_of_program(ProcessLauncher& launcher, std::string path) {
  constexpr std::chrono::minutes kGoodFor{1};
  const auto file = identity_of(path);
  const auto now = std::chrono::steady_clock::now();
  if (const auto known = said_versions().find(path); file && known != said_versions().end() && known->second.file == *file && now - known->second.when < kGoodFor)
    co_return known->second.version;
  ProcessSpec spec;
  spec.argv = {path, "--version"};
  spec.limit = Seconds(10);
  auto result = co_await launcher.run(std::move(spec));
  if (!result && result.error().kind == ErrorKind::cancelled) co_return std::move(result).error();
  std::string version = result ? version_in(result->output) : "";
  if (file && !version.empty()) said_versions()[path] = {*file, now, version};
  co_return version;
}

}  // namespace

ChildEnvironment environment_for_child(const ConnectionSpec& connection, int major) {
  ChildEnvironment environment{with_keepalives(connection, major >= 12).conninfo(), {}};
  if (!connection.password.empty()) environment.secrets.emplace("PGPASSWORD", connection.password);
  return environment;
}

ConnectionSpec with_server_options(ConnectionSpec connection, const std::string& options) {
  std::string& all = connection.keywords["options"];
  for (const auto& [name, value] : server_keepalives()) all += fmt::format("{}-c {}={}", all.empty() ? "" : " ", name, value);
  if (!options.empty()) all += " " + options;
  return connection;
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
    std::string program = path.string();
    CO_TRY(const std::string version, co_await version_of_program(launcher, std::move(program)));
    if (!version.empty() && std::stoi(version) == major) co_return ClientProgram{path, major, version};
    seen += fmt::format("{}{} is {}", seen.empty() ? "" : ", ", path.string(), version.empty() ? "unusable" : version);
  }
  co_return Error(
      ErrorKind::not_found,
      fmt::format("no {} of PostgreSQL {} was found{}", name, major, seen.empty() ? "" : ": " + seen),
      fmt::format("install postgresql-client-{0}, or set PGCONVOY_BINDIR to the directory of its programs", major));
}

}  // namespace pgconvoy
