// What a process of pgconvoy is made of: one loop on the main thread, a pool for what blocks, and the real
// implementations of every seam.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "cli/seams.hpp"
#include "engine/core/steered_clock.hpp"
#include "engine/facts/condition.hpp"
#include "engine/journal/journal.hpp"
#include "engine/platform/exec_call.hpp"
#include "engine/run/operation.hpp"
#include "engine/run/step_context.hpp"

namespace pgconvoy::cli {

class Application {
 public:
  explicit Application(const Seams& seams = {});

  asio::io_context& loop() { return loop_; }
  asio::thread_pool& pool() { return pool_; }
  Services services();
  ProcessLauncher& processes() { return *processes_; }
  SteeredClock& clock() { return clock_; }
  // What the site's programs write to stderr is shown on ours (-v).
  void show_programs(bool show) { show_programs_ = show; }
  ProgramLog program_log() const;
  const OperationRegistry& operations() const { return operations_; }
  const ConditionRegistry& conditions() const { return conditions_; }

  // Runs the loop on this thread until the coroutine has ended.
  template <class T>
  T wait(Task<T> task) {
    std::optional<T> value;
    std::exception_ptr failure;
    asio::co_spawn(loop_, std::move(task), [&](std::exception_ptr thrown, T result) {
      failure = thrown;
      if (!thrown) value.emplace(std::move(result));
      loop_.stop();
    });
    loop_.restart();
    loop_.run();
    if (failure) std::rethrow_exception(failure);
    if (!value) throw std::logic_error("the loop ended before its work");
    return std::move(*value);
  }

 private:
  asio::io_context loop_{1};
  asio::thread_pool pool_{4};
  SteeredClock clock_;
  std::unique_ptr<SessionFactory> sessions_;
  std::unique_ptr<ProcessLauncher> processes_;
  AppControllers controllers_;
  Provisioners provisioners_;
  PoolerControllers poolers_;
  Credentials credentials_;
  bool show_programs_ = false;
  OperationRegistry operations_;
  ConditionRegistry conditions_;
};

// Which run is meant when none is named. What was only planned is nobody's night: it is taken when nothing was started.
enum class Unnamed { latest_started, latest_unfinished };

// "r7", "7", or "". latest_unfinished falls back on the latest that was started: it says how that one ended.
Result<std::int64_t> find_run(Journal& journal, const std::string& text, Unnamed unnamed = Unnamed::latest_started);

// A stored run with all its targets, as the runner wants it.
Result<Plan> load_plan(Journal& journal, const RunRecord& run);

}  // namespace pgconvoy::cli
