#include "engine/core/spawn.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace pgconvoy {

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    reset();
    number_ = other.release();
  }
  return *this;
}

int Descriptor::release() {
  const int number = number_;
  number_ = -1;
  return number;
}

void Descriptor::reset() {
  if (number_ >= 0) ::close(number_);
  number_ = -1;
}

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return Error(ErrorKind::io, fmt::format("pipe: {}", std::strerror(errno)));
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

PreparedProgram::PreparedProgram(std::string path_, std::vector<std::string> argv_,
                                 const std::map<std::string, std::string>& environment,
                                 std::filesystem::path directory_, const std::vector<std::string>& without)
    : path(std::move(path_)), arguments(std::move(argv_)), directory(directory_.string()) {
  for (char** variable = environ; *variable; ++variable) {
    const std::string text = *variable;
    const std::string name = text.substr(0, text.find('='));
    if (!environment.contains(name) && std::find(without.begin(), without.end(), name) == without.end()) variables.push_back(text);
  }
  for (const auto& [name, value] : environment) variables.push_back(name + "=" + value);
  for (auto& argument : arguments) argv.push_back(argument.data());
  for (auto& variable : variables) envp.push_back(variable.data());
  argv.push_back(nullptr);
  envp.push_back(nullptr);
}

Result<PreparedProgram> prepare_program(const std::vector<std::string>& argv,
                                        const std::map<std::string, std::string>& environment,
                                        const std::filesystem::path& directory, const std::vector<std::string>& without) {
  if (argv.empty() || argv[0].empty()) return Error(ErrorKind::usage, "no program was given to run");
  // An embedded NUL would silently cut the rest off.
  for (const auto& argument : argv)
    if (argument.find('\0') != std::string::npos)
      return Error(ErrorKind::usage, fmt::format("an argument of {} contains a zero byte", argv[0]));
  for (const auto& [name, value] : environment)
    if ((name + value).find('\0') != std::string::npos || name.find('=') != std::string::npos)
      return Error(ErrorKind::usage, fmt::format("an environment variable for {} is malformed", argv[0]));

  if (argv[0].find('/') != std::string::npos) return PreparedProgram(argv[0], argv, environment, directory, without);
  std::string path = "/usr/bin:/bin";
  if (auto own = environment.find("PATH"); own != environment.end())
    path = own->second;
  else if (const char* ours = std::getenv("PATH"))
    path = ours;
  for (std::size_t from = 0; from <= path.size();) {
    const auto to = std::min(path.find(':', from), path.size());
    const auto candidate = std::filesystem::path(path.substr(from, to - from)) / argv[0];
    std::error_code ignored;
    if (to > from && std::filesystem::is_regular_file(candidate, ignored) && ::access(candidate.c_str(), X_OK) == 0)
      return PreparedProgram(candidate.string(), argv, environment, directory, without);
    from = to + 1;
  }
  return Error(ErrorKind::not_found, fmt::format("program {} was not found in PATH ({})", argv[0], path));
}

void exec_in_child(PreparedProgram& program, int in, int out, int err, int report) {
  struct sigaction normal {};
  normal.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &normal, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);

  // When we were started without stdin or stdout, a pipe may carry the number 0, 1 or 2 itself: move it away first.
  int* const numbers[] = {&in, &out, &err, &report};
  bool ok = true;
  for (int* number : numbers)
    if (*number <= 2) ok = (*number = ::fcntl(*number, F_DUPFD_CLOEXEC, 3)) >= 0 && ok;
  ok = ok && ::dup2(in, 0) >= 0 && ::dup2(out, 1) >= 0 && ::dup2(err, 2) >= 0;
  // Descriptors that a library opened without O_CLOEXEC; where the kernel doesn't know the call, they leak as ever.
  ::syscall(SYS_close_range, 3u, ~0u, 4u /* CLOSE_RANGE_CLOEXEC */);
  // Small numbers, because a POSIX shell knows only those of one digit.
  if (!program.inherited.empty()) ok = (report = ::fcntl(report, F_DUPFD_CLOEXEC, kFirstMoved)) >= 0 && ok;
  for (std::size_t i = 0; i < program.inherited.size(); ++i)
    ok = ok && ::dup2(program.inherited[i], 3 + static_cast<int>(i)) >= 0;
  if (ok && (program.directory.empty() || ::chdir(program.directory.c_str()) == 0))
    ::execve(program.path.c_str(), program.argv.data(), program.envp.data());
  const int code = errno;
  [[maybe_unused]] auto written = ::write(report, &code, sizeof code);
  ::_exit(127);
}

int read_exec_report(Pipe& report) {
  report.write.reset();
  int code = 0;
  while (::read(report.read.get(), &code, sizeof code) < 0 && errno == EINTR) {
  }
  return code;
}

}  // namespace pgconvoy
