#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/core/process.hpp"
#include "engine/core/spawn.hpp"

namespace pgconvoy {

Result<int> start_detached(const std::vector<std::string>& argv, const std::filesystem::path& directory,
                           const std::filesystem::path& log, const std::map<std::string, std::string>& environment) {
  TRY(auto program, prepare_program(argv, environment, directory));
  TRY(auto report, make_pipe());
  TRY(auto number, make_pipe());
  Descriptor nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  Descriptor output(::open(log.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640));
  if (!output) return Error(ErrorKind::io, fmt::format("cannot write {}: {}", log.string(), std::strerror(errno)));

  // Two forks: the middle process ends at once, so the program belongs to init and never becomes our zombie.
  const pid_t middle = ::fork();
  if (middle < 0) return Error(ErrorKind::process, fmt::format("fork: {}", std::strerror(errno)));
  if (middle == 0) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::setsid();
      exec_in_child(program, nothing.get(), output.get(), output.get(), report.write.get());
    }
    const int failure = child < 0 ? errno : 0;
    if (failure != 0) [[maybe_unused]]
      auto written = ::write(report.write.get(), &failure, sizeof failure);
    [[maybe_unused]] auto written = ::write(number.write.get(), &child, sizeof child);
    ::_exit(0);
  }
  while (::waitpid(middle, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_t child = -1;
  number.write.reset();
  while (::read(number.read.get(), &child, sizeof child) < 0 && errno == EINTR) {
  }
  if (const int code = read_exec_report(report); code != 0 || child <= 0)
    return Error(code == ENOENT ? ErrorKind::not_found : ErrorKind::process,
                 fmt::format("cannot start {}: {}", argv[0], std::strerror(code)));
  return static_cast<int>(child);
}

}  // namespace pgconvoy
