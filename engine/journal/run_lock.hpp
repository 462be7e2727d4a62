// The right of one process to run a run: an flock, which the kernel frees when the process dies.
#pragma once

#include <filesystem>

#include "engine/core/error.hpp"

namespace pgconvoy {

class RunLock {
 public:
  // Takes the lock on the file, made with mode 0600 when it isn't there, and writes host and pid into it.
  // Errors: refused, with the holder's host and pid; io. `what` names the run in messages.
  static Result<RunLock> take(const std::filesystem::path& path, const std::string& what);

  RunLock(RunLock&& other) noexcept;
  RunLock& operator=(RunLock&&) = delete;
  ~RunLock();

 private:
  explicit RunLock(int file) : file_(file) {}
  int file_;
};

}  // namespace pgconvoy
