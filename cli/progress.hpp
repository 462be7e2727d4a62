// Shows a run while it runs: redrawn in place on a terminal, lines otherwise, one JSON object per event, or nothing.
#pragma once

#include <memory>

#include "cli/output.hpp"
#include "engine/core/task.hpp"
#include "engine/run/runner.hpp"

namespace pgconvoy::cli {

class ProgressListener : public RunListener {
 public:
  // The operator asked to stop: what is in flight finishes.
  virtual void stopping(int /*in_flight*/) {}
  // Leaves the terminal as text can follow. Nothing is shown afterwards.
  virtual void finish() {}
  virtual int in_flight() const = 0;
};

// What is needed of `plan` is copied.
std::unique_ptr<ProgressListener> make_progress(asio::any_io_executor executor, const Output& output, const Plan& plan,
                                                const std::vector<TargetRecord>& records, std::int64_t run);

}  // namespace pgconvoy::cli
