#include "cli/journal_changes.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include "engine/journal/postgres_address.hpp"

namespace pgconvoy::cli {

JournalChanges::JournalChanges(const std::string& uri) {
  if (is_postgres_journal(uri)) return;
  const std::string file = uri.starts_with("sqlite:") ? uri.substr(7) : uri;
  files_ = {file, file + "-wal"};
}

bool JournalChanges::look() {
  if (files_.empty()) {
    const SteadyTime now = std::chrono::steady_clock::now();
    if (asked_ != SteadyTime{} && now - asked_ < std::chrono::seconds(1)) return false;
    asked_ = now;
    return true;
  }
  std::string found;
  for (const std::string& file : files_) {
    struct stat status = {};
    if (stat(file.c_str(), &status) != 0) continue;
    found += fmt::format("{}/{}/{}.{};", status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
  }
  if (found == seen_) return false;
  seen_ = std::move(found);
  return true;
}

}  // namespace pgconvoy::cli
