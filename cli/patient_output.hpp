// A run doesn't wait for whoever reads what it says: a pager, Ctrl-S, a log collector that stands still. While one of
// these lives, write_out() and write_error() hand their text to a thread that writes it, in order.
#pragma once

#include <string_view>

#include "engine/core/clock.hpp"

namespace pgconvoy::cli {

class PatientOutput {
 public:
  // So much text may wait; what comes then is left out until there is room again, and a line says so.
  static constexpr std::size_t kMostWaiting = 64 << 20;

  // REQUIRES: none other lives.
  PatientOutput();
  // Waits until all is written: nothing else waits for this process any more.
  ~PatientOutput();
  PatientOutput(const PatientOutput&) = delete;
  PatientOutput& operator=(const PatientOutput&) = delete;

  // For a process that is about to end without more ado: waits until all is written, or that long.
  static void flush(Seconds at_most);

  // True when the text was taken; false: there is none, the caller writes it.
  static bool take(int file, std::string_view text);
};

// All of the text, or nothing more once the reader has gone. Blocks.
void write_now(int file, std::string_view text);

}  // namespace pgconvoy::cli
