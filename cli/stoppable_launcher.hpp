// Programs that end, and are not started any more, once somebody asked to stop: what called them takes back what it made.
#pragma once

#include <memory>
#include <utility>

#include "engine/core/process.hpp"

namespace pgconvoy::cli {

class StoppableLauncher final : public ProcessLauncher {
 public:
  explicit StoppableLauncher(std::unique_ptr<ProcessLauncher> real) : real_(std::move(real)) {}

  // Kills the programs that run; from now on a call is an Error of kind cancelled. Loop's thread.
  void stop();
  Task<Result<ProcessResult>> run(ProcessSpec spec) override;
  void kill_all() override;
  void end_for(const std::string& holder) override;

 private:
  std::unique_ptr<ProcessLauncher> real_;
  bool stopped_ = false;
};

}  // namespace pgconvoy::cli
