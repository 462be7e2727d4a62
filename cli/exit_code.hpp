// What the shell is told.
#pragma once

#include "engine/core/error.hpp"
#include "engine/journal/event.hpp"

namespace pgconvoy::cli {

enum ExitCode : int {
  kSuccess = 0,
  kSomeFailed = 1,
  kBadInput = 2,
  kHalted = 3,        // halted or paused: a resume goes on
  kBlocked = 4,       // a precondition blocks
  kInterrupted = 130,
};

// Bad input and rules of ours are 2, what went wrong on the way is 1.
inline int exit_code_of(const Error& error) {
  switch (error.kind) {
    case ErrorKind::usage:
    case ErrorKind::refused:
    case ErrorKind::not_found:
      return kBadInput;
    case ErrorKind::cancelled:
      return kInterrupted;
    default:
      return kSomeFailed;
  }
}

}  // namespace pgconvoy::cli
