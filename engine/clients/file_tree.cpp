#include "engine/clients/file_tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "engine/core/printable.hpp"

namespace pgconvoy::clients {
namespace {

// Each level keeps a descriptor open.
constexpr std::size_t kDeepest = 200;

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

struct OpenFolder {
  std::unique_ptr<DIR, CloseFolder> folder;
  std::string path;  // relative to the root of what is scanned
};

bool of_the_kernel(int descriptor) {
  struct statfs status {};
  if (::fstatfs(descriptor, &status) != 0) return false;
  switch (static_cast<unsigned long>(status.f_type)) {
    case PROC_SUPER_MAGIC:
    case SYSFS_MAGIC:
    case CGROUP_SUPER_MAGIC:
    case CGROUP2_SUPER_MAGIC:
    case DEBUGFS_MAGIC:
    case TRACEFS_MAGIC:
    case DEVPTS_SUPER_MAGIC:
    case SECURITYFS_MAGIC:
      return true;
    default:
      return false;
  }
}

void note_unreadable(const std::string& path, int problem, TreeScan& scan) {
  // Gone since the folder was read: nothing to say.
  if (problem == ENOENT || problem == ELOOP) return;
  if (scan.unreadable++ == 0) scan.first_unreadable = fmt::format("/{}: {}", printable(path), std::strerror(problem));
}

Result<void> look_at_file(int folder, const char* name, const std::string& path, const ScanLimits& limits, TreeScan& scan) {
  const int file = ::openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  if (file < 0) {
    note_unreadable(path, errno, scan);
    return {};
  }
  auto content = file_source(file, "/" + path);
  struct stat status {};
  if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) return {};
  ++scan.files;
  scan.bytes += static_cast<std::uint64_t>(status.st_size);
  if (std::chrono::steady_clock::now() > limits.until) return Error(ErrorKind::timeout, "not all files were looked at: the time for it ran out");
  auto looked = inspect_file(path, *content, limits, scan.found);
  if (!looked && looked.error().kind != ErrorKind::io) return looked;
  if (!looked) note_unreadable(path, EIO, scan);
  if (scan.found.clients.size() > limits.findings)
    return Error(ErrorKind::refused, fmt::format("more than {} clients", limits.findings));
  return {};
}

// Opens a folder below and puts it on the stack.
void enter(int folder, const char* name, std::string path, std::vector<OpenFolder>& open, TreeScan& scan) {
  const int below = ::openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (below < 0) return note_unreadable(path, errno, scan);
  if (of_the_kernel(below) || open.size() >= kDeepest) {
    if (open.size() >= kDeepest) note_unreadable(path, ENAMETOOLONG, scan);
    ::close(below);
    return;
  }
  DIR* stream = ::fdopendir(below);
  if (!stream) {
    ::close(below);
    return note_unreadable(path, errno, scan);
  }
  open.push_back({std::unique_ptr<DIR, CloseFolder>(stream), std::move(path)});
}

}  // namespace

Result<void> scan_tree(int descriptor, const std::string& prefix, const ScanLimits& limits, TreeScan& scan) {
  std::vector<OpenFolder> open;
  enter(descriptor, ".", prefix, open, scan);
  if (open.empty()) return Error(ErrorKind::io, fmt::format("cannot read the folder: {}", scan.first_unreadable));
  while (!open.empty()) {
    DIR* folder = open.back().folder.get();
    const dirent* entry = ::readdir(folder);
    if (!entry) {
      open.pop_back();
      continue;
    }
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    std::string path = open.back().path.empty() ? name : open.back().path + "/" + name;
    unsigned char type = entry->d_type;
    if (type == DT_UNKNOWN) {
      struct stat status {};
      if (::fstatat(::dirfd(folder), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
      type = S_ISDIR(status.st_mode) ? DT_DIR : S_ISREG(status.st_mode) ? DT_REG : DT_LNK;
    }
    if (type == DT_DIR) enter(::dirfd(folder), name.c_str(), std::move(path), open, scan);
    if (type == DT_REG) TRY_VOID(look_at_file(::dirfd(folder), name.c_str(), path, limits, scan));
  }
  return {};
}

std::string unreadable_note(const TreeScan& scan) {
  if (scan.unreadable == 0) return {};
  return fmt::format("{} {} not be read: {}{}", scan.unreadable, scan.unreadable == 1 ? "file or folder could" : "files or folders could",
                     scan.first_unreadable, scan.unreadable == 1 ? "" : " and others");
}

}  // namespace pgconvoy::clients
