// Fences off older holders of a target: who changes an application first says from which run and epoch it comes, in
// a file of the application's directory. While a guard lives, no other process gets one for that directory.
#pragma once

#include <filesystem>

#include "engine/core/error.hpp"
#include "engine/core/spawn.hpp"
#include "engine/core/task.hpp"
#include "engine/platform/platform.hpp"

namespace pgconvoy {

class EpochGuard {
 public:
  // One attempt; blocking, for the pool. conflict when the same run was here with a higher epoch, and (retryable) when
  // somebody else holds the guard; not_found without the directory. A higher epoch, or another run, is recorded before
  // this returns.
  static Result<EpochGuard> take(const CallIdentity& who, const std::filesystem::path& directory);

 private:
  explicit EpochGuard(Descriptor lock) : lock_(std::move(lock)) {}
  Descriptor lock_;  // flock on the directory
};

// Tries until the other holder is through, at most `patience`.
Task<Result<EpochGuard>> take_epoch_guard(asio::thread_pool& pool, CallIdentity who, std::filesystem::path directory,
                                          Seconds patience);

}  // namespace pgconvoy
