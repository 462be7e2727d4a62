// What the shell is told.
#pragma once

#include "engine/core/error.hpp"
#include "engine/journal/event.hpp"

namespace pgconvoy::cli {

enum ExitCode : int {
  kSuccess = 0,
  kSomeFailed = 1,
  kBadInput = 2,
  kHalted = 3,        // halted or paused: a resume goes on; or cancelled
  kBlocked = 4,       // a precondition blocks
  kInterrupted = 130,
};

// Of a command that could not do what it was asked: a wrong option, a server that doesn't answer, an unreadable journal.
inline int exit_code_of(const Error& error) {
  switch (error.kind) {
    case ErrorKind::cancelled:
      return kInterrupted;
    case ErrorKind::internal:
      return kSomeFailed;
    default:
      return kBadInput;
  }
}

}  // namespace pgconvoy::cli
