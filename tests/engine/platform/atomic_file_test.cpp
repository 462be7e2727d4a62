#include "engine/platform/atomic_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

using namespace pgconvoy;

TEST_CASE("read file: what can't be read is an error, also a process's file when the process has ended") {
  CHECK(read_file("/nonexistent/pgconvoy").error().kind == ErrorKind::not_found);
  CHECK(read_file("/tmp").error().kind == ErrorKind::io);

  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  REQUIRE(child > 0);
  // Not yet waited for, so its file is still there to be opened.
  const int descriptor = ::open(fmt::format("/proc/{}/stat", child).c_str(), O_RDONLY | O_CLOEXEC);
  REQUIRE(descriptor >= 0);
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  CHECK_FALSE(read_file(fmt::format("/proc/self/fd/{}", descriptor)).has_value());
  ::close(descriptor);
}
