// This process' part in a run that others may carry out too: its name as a worker, its leases, and what the journal's server
// tells. Loop's thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "engine/run/shared_run.hpp"

namespace CLI {
class App;
}

namespace pgconvoy::cli {

constexpr Seconds kUsualLease{30};

// "30s", "2m". Error usage for what isn't one, or is shorter than a second.
Result<Seconds> lease_of(const std::string& text);
void add_lease(CLI::App& command, std::string& text);

class SharedPart {
 public:
  // `told` is called when something was written, from the loop. The journal outlives this.
  SharedPart(boost::asio::io_context& loop, SharedJournal& journal, Seconds lease, std::set<std::string> regions,
             std::function<void()> told);
  ~SharedPart();

  SharedRun& run() { return run_; }

 private:
  // What the keeper's thread posts may come when this is gone.
  std::shared_ptr<std::function<void()>> told_;
  std::unique_ptr<LeaseKeeper> keeper_;
  SharedRun run_;
};

}  // namespace pgconvoy::cli
