#include "operations/private_files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

namespace pgconvoy {
namespace {

Result<void> flush_to_disk(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0 || fsync(descriptor) != 0) {
    const std::string why = std::strerror(errno);
    if (descriptor >= 0) close(descriptor);
    return Error(ErrorKind::io, fmt::format("{} can't be flushed to disk: {}", path, why));
  }
  close(descriptor);
  return {};
}

// The name goes right away: nothing is left when we are killed a moment later.
int open_nameless(const std::filesystem::path& folder) {
  std::string pattern = (folder / ".pgconvoy-XXXXXX").string();
  const int descriptor = mkostemp(pattern.data(), O_CLOEXEC);
  if (descriptor >= 0) unlink(pattern.c_str());
  return descriptor;
}

}  // namespace

Result<void> make_private_file(const std::string& file) {
  std::error_code problem;
  const std::filesystem::path folder = std::filesystem::path(file).parent_path();
  std::filesystem::create_directories(folder, problem);
  if (!problem) std::filesystem::permissions(folder, std::filesystem::perms::owner_all, problem);
  if (problem)
    return Error(ErrorKind::io, fmt::format("the backup folder {} can't be made: {}", folder.string(), problem.message()),
                 "choose another one with --backup-directory");
  const int descriptor = open(file.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (descriptor < 0) return Error(ErrorKind::io, fmt::format("{} can't be written: {}", file, std::strerror(errno)));
  const bool ours = fchmod(descriptor, 0600) == 0;  // one that was there may be open to others
  const std::string why = ours ? "" : std::strerror(errno);
  close(descriptor);
  if (!ours) return Error(ErrorKind::io, fmt::format("{} can't be made private: {}", file, why));
  return {};
}

Result<void> make_durable(const std::string& file) {
  TRY_VOID(flush_to_disk(file));
  const std::string folder = std::filesystem::path(file).parent_path().string();
  return flush_to_disk(folder.empty() ? "." : folder);
}

Result<void> remove_file(const std::string& file) {
  if (file.empty() || unlink(file.c_str()) == 0 || errno == ENOENT || errno == ENOTDIR) return {};
  return Error(ErrorKind::io, fmt::format("{} can't be removed: {}", file, std::strerror(errno)));
}

Result<NamelessFile> NamelessFile::make(const std::string& folder) {
  int descriptor = folder.empty() ? -1 : open_nameless(folder);
  if (descriptor < 0) {
    std::error_code ignored;
    descriptor = open_nameless(std::filesystem::temp_directory_path(ignored));
  }
  if (descriptor < 0) return Error(ErrorKind::io, fmt::format("no temporary file can be made in {}: {}", folder, std::strerror(errno)));
  return NamelessFile(descriptor);
}

NamelessFile::NamelessFile(NamelessFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

NamelessFile& NamelessFile::operator=(NamelessFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

NamelessFile::~NamelessFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

std::string NamelessFile::path() const { return fmt::format("/proc/{}/fd/{}", getpid(), descriptor_); }

Result<void> NamelessFile::write(const std::string& content) {
  for (std::size_t done = 0; done < content.size();) {
    const ssize_t written = ::write(descriptor_, content.data() + done, content.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Error(ErrorKind::io, fmt::format("a temporary file can't be written: {}", std::strerror(errno)));
    done += static_cast<std::size_t>(written);
  }
  return {};
}

}  // namespace pgconvoy
