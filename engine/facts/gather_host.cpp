#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <system_error>

#include "engine/core/host.hpp"
#include "engine/core/spawn.hpp"
#include "engine/facts/gather.hpp"
#include "engine/postgres/client_program.hpp"

namespace pgconvoy {
namespace {

// Free space where the directory is, or where it will be made: in its nearest parent that exists.
Result<std::optional<std::int64_t>> free_space_for(const std::string& directory) {
  std::optional<std::int64_t> free;
  std::error_code failure;
  auto place = std::filesystem::absolute(directory, failure);
  if (failure || directory.empty()) return free;
  while (!std::filesystem::exists(place, failure) && place.has_relative_path()) place = place.parent_path();
  const auto space = std::filesystem::space(place, failure);
  if (!failure) free = static_cast<std::int64_t>(space.available);
  return free;
}

// Whether we can make files in the directory, or the directory itself in its nearest parent that exists.
Result<std::string> why_unusable(const std::string& directory) {
  if (directory.empty()) return std::string();
  std::error_code failure;
  auto place = std::filesystem::absolute(directory, failure);
  if (failure) return failure.message();
  struct stat entry {};
  while (::stat(place.c_str(), &entry) != 0) {
    if (errno != ENOENT || !place.has_relative_path())
      return fmt::format("{}: {}", place.string(), std::generic_category().message(errno));
    place = place.parent_path();
  }
  if (!S_ISDIR(entry.st_mode)) return place.string() + " is not a directory";
  if (::access(place.c_str(), W_OK | X_OK) != 0)
    return fmt::format("we may not write in {}: {}", place.string(), std::generic_category().message(errno));
  return std::string();
}

}  // namespace

std::vector<std::string> missing_programs(const BackupPolicy& policy) {
  std::vector<std::string> missing;
  for (const auto* command : {&policy.encrypt, &policy.decrypt, &policy.upload, &policy.download, &policy.remove}) {
    if (command->empty()) continue;
    const auto program = prepare_program(*command, {}, {});
    const bool there = program && ::access(program->path.c_str(), X_OK) == 0;
    const std::string& name = command->front();
    if (!there && std::find(missing.begin(), missing.end(), name) == missing.end()) missing.push_back(name);
  }
  return missing;
}

Task<Result<HostFacts>> gather_host(asio::thread_pool& pool, ProcessLauncher& launcher, std::string backup_directory,
                                    int wanted_major) {
  HostFacts facts;
  facts.name = this_host();
  facts.backup_directory = backup_directory;
  std::function<Result<std::optional<std::int64_t>>()> look = [backup_directory] {
    return free_space_for(backup_directory);
  };
  auto free = co_await run_blocking(pool, look);
  if (free) facts.backup_free_bytes = *free;
  std::function<Result<std::string>()> try_it = [backup_directory] { return why_unusable(backup_directory); };
  CO_TRY(facts.backup_unusable_because, co_await run_blocking(pool, try_it));

  for (const char* name : {"pg_dump", "pg_restore"}) {
    if (wanted_major == 0) break;  // a runbook that moves nothing needs none: nobody starts one to ask
    std::string program = name;
    auto found = co_await find_client_program(launcher, std::move(program), wanted_major);
    if (found) {
      facts.programs[name] = found->version;
      facts.program_majors[name] = found->major;
    } else if (found.error().kind == ErrorKind::cancelled) {
      co_return std::move(found).error();
    }
  }
  co_return facts;
}

}  // namespace pgconvoy
