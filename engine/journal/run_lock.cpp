#include "engine/journal/run_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace pgconvoy {
namespace {

std::string host() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

std::string holder_in(int file) {
  std::array<char, 512> text{};
  const auto count = pread(file, text.data(), text.size() - 1, 0);
  std::string holder(text.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
  while (!holder.empty() && holder.back() == '\n') holder.pop_back();
  // The file is ours alone, but what is printed stays one line without control characters.
  for (char& c : holder)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return holder.empty() ? "another process" : holder;
}

}  // namespace

Result<RunLock> RunLock::take(const std::filesystem::path& path, const std::string& what) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0)
    return Error(ErrorKind::io, fmt::format("cannot open the lock {}: {}", path.string(), std::strerror(errno)),
                 "check the rights on the file and its directory");
  RunLock lock(file);
  if (flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK)
      return Error(ErrorKind::refused, fmt::format("{} is being run by {}", what, holder_in(file)),
                   fmt::format("pgconvoy status {0} shows how far it is, pgconvoy pause {0} lets what is in flight end and starts nothing more", what));
    return Error(ErrorKind::io, fmt::format("cannot lock {}: {}", path.string(), std::strerror(errno)),
                 "the journal needs a local file system");
  }
  const auto text = fmt::format("host {} pid {}\n", host(), getpid());
  if (ftruncate(file, 0) != 0 || pwrite(file, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
    return Error(ErrorKind::io, fmt::format("cannot write {}: {}", path.string(), std::strerror(errno)),
                 "free space on its file system");
  return lock;
}

RunLock::RunLock(RunLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
RunLock::~RunLock() {
  if (file_ >= 0) ::close(file_);
}

}  // namespace pgconvoy
