#include "engine/clients/running_process.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>
#include <sstream>

#include "engine/clients/file_tree.hpp"
#include "engine/clients/layers.hpp"
#include "engine/clients/libpq_version.hpp"
#include "engine/clients/path_rules.hpp"
#include "engine/core/printable.hpp"

namespace pgconvoy::clients {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kLargestProcFile = 64 << 20;

struct Descriptor_ {
  int number = -1;
  explicit Descriptor_(int number_) : number(number_) {}
  ~Descriptor_() {
    if (number >= 0) ::close(number);
  }
  Descriptor_(const Descriptor_&) = delete;
  Descriptor_& operator=(const Descriptor_&) = delete;
};

Result<std::string> proc_file(int pid, const char* name) {
  const std::string path = fmt::format("/proc/{}/{}", pid, name);
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0)
    return errno == ENOENT ? Error(ErrorKind::not_found, fmt::format("there is no process {}", pid))
                           : Error(ErrorKind::io, fmt::format("cannot read {}: {}", path, std::strerror(errno)),
                                   "only its owner or root may look into a process");
  auto source = file_source(descriptor, path);
  auto text = read_all(*source, kLargestProcFile, path);
  // What ESRCH is here: it ended.
  if (!text) return Error(ErrorKind::conflict, fmt::format("process {} ended while it was looked at", pid));
  return text;
}

// The time it was started: with the number, that is who it is.
Result<std::string> start_of(int pid) {
  TRY(const std::string stat, proc_file(pid, "stat"));
  const auto name_end = stat.rfind(')');
  if (name_end == std::string::npos) return Error(ErrorKind::conflict, fmt::format("process {} ended while it was looked at", pid));
  std::istringstream fields(stat.substr(name_end + 1));
  std::string field;
  for (int i = 0; i < 20; ++i) fields >> field;  // the 22nd of all
  return field;
}

std::string link_target(const std::string& path) {
  std::error_code ignored;
  return fs::read_symlink(path, ignored).string();
}

// The file behind a mapping: by the mapping itself, which still leads to it when it was deleted (that asks for root), else
// by its path, when that is still the same file.
int open_mapped(int pid, const MappedFile& file) {
  const int mapped = ::open(fmt::format("/proc/{}/map_files/{}", pid, file.range).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (mapped >= 0) return mapped;
  const int by_path = ::open(fmt::format("/proc/{}/root{}", pid, file.path).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (by_path < 0) return -1;
  struct stat status {};
  if (::fstat(by_path, &status) == 0 && status.st_ino == file.inode) return by_path;
  ::close(by_path);
  return -1;
}

Result<void> look_at_mappings(int pid, const ScanOptions& options, ClientScan& scan) {
  TRY(const std::string maps, proc_file(pid, "maps"));
  for (const MappedFile& file : mapped_files(maps)) {
    const int descriptor = open_mapped(pid, file);
    struct stat status {};
    if (descriptor < 0 || ::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
      if (descriptor >= 0) ::close(descriptor);
      if (!named_like_libpq(base_name_of(file.path))) continue;
      scan.clients.push_back({"libpq", version_by_name(base_name_of(file.path)), file.path, SpeaksScram::unknown,
                              "mapped by the process, but the file was replaced since; root can read it", ""});
      continue;
    }
    auto content = file_source(descriptor, file.path);
    ++scan.files;
    scan.bytes += static_cast<std::uint64_t>(status.st_size);
    Inspection found;
    TRY_VOID(inspect_file(file.path.substr(1), *content, options.limits, found));
    for (FoundClient& client : found.clients) {
      client.because += file.deleted ? "; mapped by the process, replaced on disk since" : "; mapped by the process";
      scan.clients.push_back(std::move(client));
    }
  }
  return {};
}

// The nearest folder of packages that a path lies in: ".../site-packages", ".../node_modules"; "" for none.
std::string package_folder(const std::string& path) {
  for (const std::string mark : {"/site-packages/", "/dist-packages/", "/node_modules/"}) {
    const auto at = path.find(mark);
    if (at != std::string::npos) return path.substr(0, at + mark.size() - 1);
  }
  return {};
}

// Where the drivers of an interpreter can be, when it shares the file system with the whole machine.
std::set<std::string> folders_of_interest(int pid) {
  std::set<std::string> folders;
  std::set<std::string> seeds{link_target(fmt::format("/proc/{}/cwd", pid))};
  if (const auto maps = proc_file(pid, "maps"))
    for (const MappedFile& file : mapped_files(*maps))
      if (auto folder = package_folder(file.path); !folder.empty()) folders.insert(std::move(folder));
  std::error_code ignored;
  const std::string cwd = *seeds.begin();
  if (const auto words = proc_file(pid, "cmdline")) {
    std::istringstream arguments(*words);
    for (std::string word; std::getline(arguments, word, '\0');) {
      const fs::path path = fs::path(cwd) / word;
      if (word.empty() || word[0] == '-' || !fs::exists(path, ignored)) continue;
      // bin/python of a virtual environment, or the script that runs
      const fs::path folder = fs::is_directory(path, ignored) ? path : path.parent_path();
      seeds.insert(folder.lexically_normal().string());
      if (folder.filename() == "bin" && word.find("python") != std::string::npos)
        for (const auto& library : fs::directory_iterator(folder.parent_path() / "lib", ignored))
          for (const char* packages : {"site-packages", "dist-packages"})
            if (library.path().filename().string().starts_with("python") && fs::is_directory(library.path() / packages, ignored))
              folders.insert((library.path() / packages).lexically_normal().string());
    }
  }
  // Folders that hold a program's packages, upwards from where it runs.
  for (const std::string& seed : seeds)
    for (fs::path at = seed; at.has_relative_path(); at = at.parent_path()) {
      if (fs::is_directory(at / "node_modules", ignored)) folders.insert((at / "node_modules").string());
      if (at == fs::path(seed) && (fs::exists(at / "package.json", ignored) || fs::exists(at / "Gemfile", ignored) ||
                                   fs::exists(at / "requirements.txt", ignored) || fs::exists(at / "pyproject.toml", ignored)))
        folders.insert(at.string());
    }
  return folders;
}

// Java reads its jars by descriptors.
Result<void> look_at_open_jars(int pid, const ScanOptions& options, ClientScan& scan) {
  std::error_code failed;
  std::set<std::string> seen;
  for (const auto& link : fs::directory_iterator(fmt::format("/proc/{}/fd", pid), failed)) {
    const std::string target = link_target(link.path().string());
    if (!target.starts_with('/') || !target.ends_with(".jar") || !seen.insert(target).second) continue;
    const int descriptor = ::open(link.path().c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) continue;
    auto content = file_source(descriptor, target);
    Inspection found;
    TRY_VOID(inspect_file(target.substr(1), *content, options.limits, found));
    for (FoundClient& client : found.clients) {
      client.because += "; open in the process";
      scan.clients.push_back(std::move(client));
    }
  }
  return {};
}

Result<void> look_at_tree(const std::string& root, const std::string& folder, const ScanOptions& options, ClientScan& scan) {
  const Descriptor_ descriptor(::open((root + folder).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (descriptor.number < 0) {
    scan.notes.push_back(fmt::format("cannot open {}: {}", printable(folder), std::strerror(errno)));
    return {};
  }
  TreeScan tree;
  TRY_VOID(scan_tree(descriptor.number, folder.substr(folder.empty() ? 0 : 1), options.limits, tree));
  scan.files += tree.files;
  scan.bytes += tree.bytes;
  for (FoundClient& client : tree.found.clients) scan.clients.push_back(std::move(client));
  for (std::string& note : tree.found.notes) scan.notes.push_back(std::move(note));
  if (auto note = unreadable_note(tree); !note.empty()) scan.notes.push_back(std::move(note));
  return {};
}

bool sees_our_root(int pid) {
  struct stat ours {}, theirs {};
  return ::stat("/proc/self/root/", &ours) == 0 && ::stat(fmt::format("/proc/{}/root/", pid).c_str(), &theirs) == 0 &&
         ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}

}  // namespace

std::vector<MappedFile> mapped_files(const std::string& maps) {
  std::vector<MappedFile> files;
  std::set<std::pair<std::uint64_t, std::string>> seen;
  std::istringstream lines(maps);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    MappedFile file;
    std::string permissions, offset, device;
    fields >> file.range >> permissions >> offset >> device >> file.inode;
    std::getline(fields >> std::ws, file.path);
    // Devices and shared memory are nobody's library, but for one that lies on a file system in memory.
    const bool device_file = file.path.starts_with("/dev/") && file.path.find(".so") == std::string::npos;
    if (!file.path.starts_with('/') || file.inode == 0 || device_file || file.path.starts_with("/memfd:") || file.path.starts_with("/SYSV"))
      continue;
    constexpr std::string_view kDeleted = " (deleted)";
    if (file.path.ends_with(kDeleted)) {
      file.deleted = true;
      file.path.resize(file.path.size() - kDeleted.size());
    }
    if (seen.emplace(file.inode, file.path).second) files.push_back(std::move(file));
  }
  return files;
}

Result<ClientScan> scan_process(int pid, const std::string& shown, const ScanOptions& options) {
  TRY(const std::string started, start_of(pid));
  ClientScan scan;
  scan.source = shown;
  scan.kind = "process";
  scan.image = printable(link_target(fmt::format("/proc/{}/exe", pid)));
  TRY_VOID(look_at_mappings(pid, options, scan));
  TRY_VOID(look_at_open_jars(pid, options, scan));
  std::set<std::string> mapped;
  for (const FoundClient& client : scan.clients) mapped.insert(client.path);
  if (sees_our_root(pid)) {
    for (const std::string& folder : folders_of_interest(pid)) TRY_VOID(look_at_tree("", folder, options, scan));
    scan.notes.push_back("it shares the file system of this machine: packages were looked for where it runs, not everywhere");
  } else {
    TRY_VOID(look_at_tree(fmt::format("/proc/{}/root", pid), "", options, scan));
  }
  TRY(const std::string still, start_of(pid));
  if (still != started) return Error(ErrorKind::conflict, fmt::format("process {} ended while it was looked at", pid));
  // What was seen mapped was seen better than the same file in a folder.
  std::set<std::string> once;
  std::erase_if(scan.clients, [&](const FoundClient& client) {
    return !once.insert(client.kind + "\n" + client.path).second && mapped.count(client.path) > 0;
  });
  settle(scan.clients);
  return scan;
}

}  // namespace pgconvoy::clients
