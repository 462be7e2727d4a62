#include <filesystem>
#include <functional>
#include <system_error>

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

}  // namespace

Task<Result<HostFacts>> gather_host(asio::thread_pool& pool, ProcessLauncher& launcher, std::string backup_directory,
                                    int wanted_major) {
  HostFacts facts;
  facts.backup_directory = backup_directory;
  std::function<Result<std::optional<std::int64_t>>()> look = [backup_directory] {
    return free_space_for(backup_directory);
  };
  auto free = co_await run_blocking(pool, std::move(look));
  if (free) facts.backup_free_bytes = *free;

  for (const char* name : {"pg_dump", "pg_restore"}) {
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
