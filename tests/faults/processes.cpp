#include <chrono>
#include <thread>

#include "tests/faults/faults.hpp"

namespace pgconvoy::faults {
namespace {

class FaultyLauncher final : public ProcessLauncher {
 public:
  FaultyLauncher(Faults& faults, std::unique_ptr<ProcessLauncher> real) : faults_(faults), real_(std::move(real)) {}

  Task<Result<ProcessResult>> run(ProcessSpec spec) override {
    std::string what = spec.argv.empty() ? "" : spec.argv.front();
    for (std::size_t i = 1; i < spec.argv.size() && i < 3; ++i) what += " " + spec.argv[i];
    const Act act = faults_.at("program", what);
    if (act == Act::exit_before) end_process();
    if (act == Act::refuse) co_return refused(what);
    if (act == Act::exit_during) end_while_it_runs(spec);
    auto result = co_await real_->run(std::move(spec));
    if (act == Act::exit_after || act == Act::exit_during) end_process();
    if (act == Act::lose) co_return lost(what);
    co_return result;
  }
  void kill_all() override { real_->kill_all(); }
  void end_for(const std::string& holder) override { real_->end_for(holder); }

 private:
  static void end_while_it_runs(ProcessSpec& spec) {
    spec.started = [before = std::move(spec.started)](int pid) {
      if (before) before(pid);
      std::thread([] {
        std::this_thread::sleep_for(std::chrono::milliseconds(40));
        end_process();
      }).detach();
    };
  }

  Faults& faults_;
  std::unique_ptr<ProcessLauncher> real_;
};

}  // namespace

std::unique_ptr<ProcessLauncher> with_faults(Faults& faults, std::unique_ptr<ProcessLauncher> real) {
  return std::make_unique<FaultyLauncher>(faults, std::move(real));
}

}  // namespace pgconvoy::faults
