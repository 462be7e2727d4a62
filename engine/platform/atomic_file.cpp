#include "engine/platform/atomic_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/core/spawn.hpp"

namespace pgconvoy {
namespace {

namespace fs = std::filesystem;

Error file_failure(const char* what, const fs::path& path, int code = errno) {
  const ErrorKind kind = code == ENOENT || code == ENOTDIR ? ErrorKind::not_found : ErrorKind::io;
  Error error(kind, fmt::format("cannot {} {}: {}", what, path.string(), std::strerror(code)));
  if (code == EACCES || code == EPERM) error.remedy = "run pgconvoy as a user who may";
  if (code == ENOSPC || code == EDQUOT) error.remedy = "make room on its disk";
  return error;
}

Result<void> sync_folder(const fs::path& folder) {
  Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || ::fsync(directory.get()) != 0) return file_failure("sync the folder", folder);
  return {};
}

Result<void> write_whole(int descriptor, std::string_view content, const fs::path& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(descriptor, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return file_failure("write", path);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> write_beside(const fs::path& temporary, const fs::path& path, std::string_view content, mode_t mode) {
  // A killed predecessor may have left one behind.
  if (::unlink(temporary.c_str()) != 0 && errno != ENOENT) return file_failure("remove", temporary);
  Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return file_failure("write", temporary);
  struct stat old {};
  if (::stat(path.c_str(), &old) == 0) {
    mode &= old.st_mode;
    struct stat made {};
    if (::fstat(file.get(), &made) != 0) return file_failure("look at", temporary);
    if ((made.st_uid != old.st_uid || made.st_gid != old.st_gid) && ::fchown(file.get(), old.st_uid, old.st_gid) != 0)
      return file_failure("keep the owner of", path);
  } else if (errno != ENOENT) {
    return file_failure("look at", path);
  }
  TRY_VOID(write_whole(file.get(), content, path));
  if (::fchmod(file.get(), mode) != 0) return file_failure("set the mode of", path);
  if (::fsync(file.get()) != 0) return file_failure("sync", path);
  if (::rename(temporary.c_str(), path.c_str()) != 0) return file_failure("replace", path);
  return sync_folder(path.parent_path());
}

}  // namespace

Result<std::string> read_file(const fs::path& path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return file_failure("read", path);
  std::string content;
  char buffer[8192];
  for (;;) {
    const ssize_t got = ::read(file.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_failure("read", path);
    if (got == 0) return content;
    content.append(buffer, static_cast<std::size_t>(got));
  }
}

Result<void> replace_file(const fs::path& path, std::string_view content, mode_t mode) {
  std::error_code code;
  fs::path real = fs::weakly_canonical(path, code);
  if (code) return file_failure("find", path, code.value());
  const fs::path temporary = real.parent_path() / ("." + real.filename().string() + ".pgconvoy-new");
  auto written = write_beside(temporary, real, content, mode);
  if (!written) ::unlink(temporary.c_str());
  return written;
}

Result<void> ensure_file(const fs::path& path, std::string_view content, mode_t mode) {
  Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!file) {
    if (errno != EEXIST) return file_failure("make", path);
    return {};
  }
  TRY_VOID(write_whole(file.get(), content, path));
  if (::fsync(file.get()) != 0) return file_failure("sync", path);
  return sync_folder(path.parent_path());
}

Result<void> ensure_no_file(const fs::path& path) {
  if (::unlink(path.c_str()) != 0) {
    if (errno != ENOENT) return file_failure("remove", path);
    return {};
  }
  return sync_folder(path.parent_path());
}

}  // namespace pgconvoy
