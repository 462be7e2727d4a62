#include "cli/patient_output.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

using namespace pgconvoy;
using namespace pgconvoy::cli;

namespace {

// A pipe of one page, which nobody reads yet.
struct FullPipe {
  int reading = -1, writing = -1;
  FullPipe() {
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    reading = ends[0];
    writing = ends[1];
    REQUIRE(fcntl(writing, F_SETPIPE_SZ, 4096) > 0);
  }
  ~FullPipe() {
    if (reading >= 0) close(reading);
    if (writing >= 0) close(writing);
  }
  std::string read_all() {
    std::string all;
    char part[4096];
    for (;;) {
      const ssize_t count = read(reading, part, sizeof part);
      if (count <= 0) return all;
      all.append(part, static_cast<std::size_t>(count));
    }
  }
};

}  // namespace

TEST_CASE("patient output: a reader that doesn't read stops nobody, and gets everything in order when it does") {
  FullPipe pipe;
  std::string expected;
  auto output = std::make_unique<PatientOutput>();
  for (int n = 0; n < 3000; ++n) {
    const std::string line = "line " + std::to_string(n) + "\n";
    expected += line;
    REQUIRE(PatientOutput::take(pipe.writing, line));
  }
  const auto began = std::chrono::steady_clock::now();
  PatientOutput::flush(Seconds(0.2));  // it can't be written, and that is not waited for
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(10));
  std::string found;
  std::thread reader([&] { found = pipe.read_all(); });
  output.reset();
  close(pipe.writing);
  pipe.writing = -1;
  reader.join();
  CHECK(found == expected);
}

TEST_CASE("patient output: without one the caller writes, and a reader that has gone ends nothing") {
  CHECK_FALSE(PatientOutput::take(STDOUT_FILENO, "text"));
  FullPipe pipe;
  close(pipe.reading);
  pipe.reading = -1;
  const PatientOutput output;
  CHECK(PatientOutput::take(pipe.writing, std::string(100000, 'x')));
  PatientOutput::flush(Seconds(20));
}
