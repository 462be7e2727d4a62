#include "operations/zstd_program.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>

namespace pgconvoy {
namespace {

constexpr int kPipeBytes = 1 << 20;  // as much as a user may ask for: pg_dump needn't wait for each 64 kB
constexpr Seconds kLeastUnpacking{600};
constexpr double kSlowestUnpacking = 2e6;

std::string path_of(const Descriptor& descriptor) { return fmt::format("/proc/self/fd/{}", descriptor.get()); }

Result<void> ended_well(const ProcessResult& result) {
  if (result.exit_code == 0) return {};
  const std::string said = last_lines(result.errors);
  return Error(ErrorKind::process, fmt::format("zstd ended with exit code {}: {}", result.exit_code, said.empty() ? "it said nothing" : said));
}

}  // namespace

bool has_zstd() {
  const char* const path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "/usr/bin:/bin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::filesystem::path program = std::filesystem::path(folder) / kZstd;
    std::error_code ignored;
    if (!folder.empty() && std::filesystem::is_regular_file(program, ignored) && ::access(program.c_str(), X_OK) == 0) return true;
  }
  return false;
}

Result<std::shared_ptr<ProgramPipe>> ProgramPipe::make() {
  TRY(Pipe pipe, make_pipe());
  (void)::fcntl(pipe.write.get(), F_SETPIPE_SZ, kPipeBytes);
  return std::shared_ptr<ProgramPipe>(new ProgramPipe(std::move(pipe)));
}

std::string ProgramPipe::reading() const { return path_of(pipe_.read); }

std::string ProgramPipe::writing() const { return path_of(pipe_.write); }

Task<Result<void>> compress_from(ProcessLauncher& processes, std::shared_ptr<ProgramPipe> pipe, std::string into) {
  ProcessSpec spec;
  spec.argv = {kZstd, "--quiet", "-1", "--stdout"};
  spec.input_file = pipe->reading();
  spec.output_file = into;
  spec.started = [pipe](int) { pipe->close_reading(); };
  auto ended = co_await processes.run(std::move(spec));
  pipe->close_reading();
  if (!ended) co_return std::move(ended).error().within("compress");
  co_return ended_well(*ended);
}

Task<Result<void>> decompress(ProcessLauncher& processes, std::string from, std::string into, std::int64_t bytes) {
  ProcessSpec spec;
  spec.argv = {kZstd, "--quiet", "--decompress", "--stdout"};
  spec.input_file = from;
  spec.output_file = into;
  spec.limit = kLeastUnpacking + Seconds(static_cast<double>(bytes) / kSlowestUnpacking);
  auto ended = co_await processes.run(std::move(spec));
  if (!ended) {
    Error error = std::move(ended).error().within("decompress");
    if (error.kind == ErrorKind::not_found) error.remedy = "install zstd on this host (Debian: apt-get install zstd), then the same command again; nothing was changed";
    co_return error;
  }
  co_return ended_well(*ended);
}

}  // namespace pgconvoy
