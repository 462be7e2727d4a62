// Compression of backups by the zstd program: of what pg_dump writes, while it writes it, and back again. pg_dump of version 15
// compresses with zlib only, which takes several times the processor time for the same size.
#pragma once

#include <memory>
#include <string>

#include "engine/core/process.hpp"
#include "engine/core/spawn.hpp"

namespace pgconvoy {

inline constexpr const char* kZstd = "zstd";

// A program of that name is in PATH. Looks at the file system only; any thread.
bool has_zstd();

// A pipe from one program to another. Each end is handed over by a path for ProcessSpec, and must be closed here once its
// program runs or can't be started: the reader sees the end of what is written only then. Loop's thread.
class ProgramPipe {
 public:
  static Result<std::shared_ptr<ProgramPipe>> make();
  std::string reading() const;  // for ProcessSpec::input_file
  std::string writing() const;  // for ProcessSpec::output_file
  void close_reading() { pipe_.read.reset(); }
  void close_writing() { pipe_.write.reset(); }

 private:
  explicit ProgramPipe(Pipe pipe) : pipe_(std::move(pipe)) {}
  Pipe pipe_;
};

// What comes out of the pipe, compressed, into the file; ends when the pipe's writers have. Errors: process, and those of the
// launcher. An early end of the writer is none that can be seen from here.
Task<Result<void>> compress_from(ProcessLauncher& processes, std::shared_ptr<ProgramPipe> pipe, std::string into);

// Errors: process (also when what is in the file isn't whole: zstd's own checksum), not_found when there is no zstd, timeout.
Task<Result<void>> decompress(ProcessLauncher& processes, std::string from, std::string into, std::int64_t bytes);

}  // namespace pgconvoy
