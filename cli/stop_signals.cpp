#include "cli/stop_signals.hpp"

#include <boost/asio/io_context.hpp>
#include <csignal>

namespace pgconvoy::cli {

StopSignals::StopSignals(boost::asio::io_context& loop, std::function<void()> first, std::function<void()> second)
    : signals_(loop, SIGINT, SIGTERM, SIGHUP), first_(std::move(first)), second_(std::move(second)) {
  wait();
}

StopSignals::~StopSignals() {
  boost::system::error_code ignored;
  signals_.cancel(ignored);
}

void StopSignals::wait() {
  signals_.async_wait([this](boost::system::error_code failure, int signal) {
    if (failure) return;
    // A terminal that was closed sends SIGHUP, perhaps twice: that is never a reason to cut off what is in flight.
    const bool again = count_ > 0;
    ++count_;
    if (!again)
      first_();
    else if (signal != SIGHUP)
      second_();
    wait();
  });
}

}  // namespace pgconvoy::cli
