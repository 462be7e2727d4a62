#include "cli/stoppable_launcher.hpp"

namespace pgconvoy::cli {

void StoppableLauncher::stop() {
  stopped_ = true;
  real_->kill_all();
}

Task<Result<ProcessResult>> StoppableLauncher::run(ProcessSpec spec) {
  if (stopped_) co_return Error(ErrorKind::cancelled, "interrupted");
  auto result = co_await real_->run(std::move(spec));
  if (stopped_) co_return Error(ErrorKind::cancelled, "interrupted");
  co_return result;
}

void StoppableLauncher::kill_all() { real_->kill_all(); }
void StoppableLauncher::end_for(const std::string& holder) { real_->end_for(holder); }

}  // namespace pgconvoy::cli
