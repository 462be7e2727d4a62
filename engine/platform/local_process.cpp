#include "engine/platform/local_process.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>

#include "engine/core/process.hpp"
#include "engine/platform/atomic_file.hpp"

namespace pgconvoy {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMark = "PGCONVOY_APPLICATION";

std::string mark_of(const ControllerSpec& spec) { return std::string(kMark) + "=" + spec.directory; }

std::string proc_file(pid_t pid, const char* file) { return fmt::format("/proc/{}/{}", pid, file); }

std::optional<pid_t> to_pid(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  pid_t pid = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (code != std::errc() || end != text.data() + text.size() || pid <= 1) return std::nullopt;
  return pid;
}

struct ProcessState {
  char state = 'X';
  pid_t session = 0;
  bool alive() const { return state != 'X' && state != 'Z'; }
};

// "" when it can't be read: a process may end between the opening of its file and the reading.
std::string read_of_process(pid_t pid, const char* file) {
  auto text = read_file(proc_file(pid, file));
  return text ? *std::move(text) : std::string();
}

ProcessState process_state(pid_t pid) {
  const std::string text = read_of_process(pid, "stat");
  const auto end_of_name = text.rfind(')');
  ProcessState found;
  if (end_of_name == std::string::npos) return found;
  pid_t parent = 0, group = 0;
  if (std::sscanf(text.c_str() + end_of_name + 1, " %c %d %d %d", &found.state, &parent, &group, &found.session) != 4)
    return {};
  return found;
}

bool carries_mark(pid_t pid, const ControllerSpec& spec) {
  const std::string variables = read_of_process(pid, "environ");
  const std::string wanted = mark_of(spec);
  for (std::size_t from = 0; from < variables.size();) {
    const std::size_t to = std::min(variables.find('\0', from), variables.size());
    if (variables.compare(from, to - from, wanted) == 0) return true;
    from = to + 1;
  }
  return false;
}

// By the folder itself, so that symbolic links on the way to it don't matter.
Result<bool> works_in_directory(pid_t pid, const ControllerSpec& spec) {
  struct stat wanted {
  }, actual{};
  if (::stat(spec.directory.c_str(), &wanted) != 0) return false;
  if (::stat(proc_file(pid, "cwd").c_str(), &actual) != 0) {
    if (errno != EACCES && errno != EPERM) return false;
    return Error(
        ErrorKind::refused,
        fmt::format("{} names process {}, and we may not see whether that is the application", spec.pid_file, pid),
        "run pgconvoy as root or as the application's user, or remove the file if it is out of date");
  }
  return wanted.st_dev == actual.st_dev && wanted.st_ino == actual.st_ino;
}

std::vector<pid_t> all_processes() {
  std::vector<pid_t> pids;
  std::error_code ignored;
  for (fs::directory_iterator entry("/proc", ignored), end; entry != end; entry.increment(ignored))
    if (const auto pid = to_pid(entry->path().filename().string()); pid && *pid != ::getpid()) pids.push_back(*pid);
  return pids;
}

// The application is started without our variables: they may hold the administrator's password, and it is not ours.
std::vector<std::string> with_clean_environment(const ControllerSpec& spec) {
  std::vector<std::string> argv{"/usr/bin/env", "-i", mark_of(spec)};
  for (char** variable = environ; *variable; ++variable) {
    const std::string_view text(*variable);
    for (const std::string_view kept :
         {"PATH=", "HOME=", "USER=", "LOGNAME=", "SHELL=", "LANG=", "LC_", "TZ=", "TMPDIR="})
      if (text.substr(0, kept.size()) == kept) argv.emplace_back(text);
  }
  argv.insert(argv.end(), spec.start.begin(), spec.start.end());
  return argv;
}

bool can_be_run(const ControllerSpec& spec) {
  const auto runs = [](const fs::path& path) { return fs::is_regular_file(path) && ::access(path.c_str(), X_OK) == 0; };
  if (spec.start[0].find('/') != std::string::npos) return runs(fs::path(spec.directory) / spec.start[0]);
  std::string_view folders = ::getenv("PATH") ? ::getenv("PATH") : "/usr/bin:/bin";
  while (!folders.empty()) {
    const auto end = std::min(folders.find(':'), folders.size());
    if (end > 0 && runs(fs::path(folders.substr(0, end)) / spec.start[0])) return true;
    folders.remove_prefix(std::min(end + 1, folders.size()));
  }
  return false;
}

}  // namespace

Result<std::optional<pid_t>> find_application(const ControllerSpec& spec) {
  auto text = read_file(spec.pid_file);
  if (!text && text.error().kind != ErrorKind::not_found) return text.error();
  const auto pid = text ? to_pid(*text) : std::nullopt;
  if (pid && process_state(*pid).alive()) {
    if (carries_mark(*pid, spec)) return pid;
    TRY(const bool is_it, works_in_directory(*pid, spec));
    if (is_it) return pid;
  }
  const auto family = find_family(spec, 0);
  for (const pid_t member : family)
    if (process_state(member).session == member) return std::optional<pid_t>(member);
  return family.empty() ? std::nullopt : std::optional<pid_t>(family.front());
}

std::vector<pid_t> find_family(const ControllerSpec& spec, pid_t leader) {
  std::vector<pid_t> family;
  for (const pid_t pid : all_processes()) {
    const ProcessState state = process_state(pid);
    if (state.alive() && ((leader != 0 && state.session == leader) || carries_mark(pid, spec))) family.push_back(pid);
  }
  return family;
}

Result<pid_t> start_application(const ControllerSpec& spec) {
  if (spec.start.empty() || spec.start[0].empty() || spec.start[0].find('=') != std::string::npos)
    return Error(ErrorKind::usage, "its `start` names no program", "correct `start` in the fleet file");
  if (!can_be_run(spec))
    return Error(ErrorKind::not_found,
                 fmt::format("{} is no program that can be started in {}", spec.start[0], spec.directory),
                 "correct `start` in the fleet file, or make the program executable");
  // Given twice: until `env` has become the application, the mark stands in env's own environment.
  return start_detached(with_clean_environment(spec), spec.directory, spec.log_file, {{kMark, spec.directory}});
}

}  // namespace pgconvoy
