// Tells the site's hooks, programs and addresses on the web, what happens (docs/platform.md): each journaled event that a hook asked for, in their
// order, one call at a time per hook. What a hook does or fails to do never holds a run up, nor fails it.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/fleet/fleet.hpp"
#include "engine/platform/exec_call.hpp"
#include "engine/run/runner.hpp"

namespace pgconvoy::cli {

class Hooks final : public RunListener {
 public:
  // Events that wait for one hook; what comes when so many wait is left out, and counted.
  static constexpr std::size_t kMostWaiting = 1000;

  // `warn` gets one line for each failure; `target_ids` are those of the run, from number 1. `launcher` and `pool`
  // outlive us.
  Hooks(asio::any_io_executor executor, asio::thread_pool& pool, ProcessLauncher& launcher, const Fleet& fleet, std::vector<std::string> target_ids,
        ProgramLog log, std::function<void(const std::string&)> warn);
  ~Hooks() override;

  // What is told from now on says that nothing is moved.
  void of_rehearsal() { rehearsal_ = true; }

  void journaled(const Event& event) override;
  void progressed(int, const std::string&, const Progress&) override {}

  // Waits until all have been told, at most as long as the limit of the slowest hook; what is left then is left out, with a
  // warning. Returns whether all were told. Nothing is told afterwards.
  Task<bool> finish();

 private:
  struct Shared;
  struct Queue;
  static Task<Result<void>> call(std::shared_ptr<Shared> shared, Hook hook, json event);
  static Task<void> tell(std::shared_ptr<Shared> shared, std::shared_ptr<Queue> queue);

  asio::any_io_executor executor_;
  bool rehearsal_ = false;
  std::shared_ptr<Shared> shared_;  // outlives us in programs that still run
};

}  // namespace pgconvoy::cli
