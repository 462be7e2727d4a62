#include "engine/facts/free_space.hpp"

#include <sys/stat.h>

#include <filesystem>

namespace pgconvoy {

std::optional<std::int64_t> free_space(const std::string& directory, bool same_host, std::optional<std::int64_t> changed) {
  struct stat entry {};
  if (directory.empty() || !same_host || !changed || ::stat(directory.c_str(), &entry) != 0 || entry.st_mtim.tv_sec != *changed)
    return std::nullopt;
  std::error_code failure;
  const auto space = std::filesystem::space(directory, failure);
  if (failure) return std::nullopt;
  return static_cast<std::int64_t>(space.available);
}

}  // namespace pgconvoy
