// Ctrl-C, once and twice.
#pragma once

#include <boost/asio/signal_set.hpp>
#include <functional>

namespace pgconvoy::cli {

class StopSignals {
 public:
  // `first` and `second` are called on the loop's thread.
  StopSignals(boost::asio::io_context& loop, std::function<void()> first, std::function<void()> second);
  ~StopSignals();
  bool seen() const { return count_ > 0; }

 private:
  void wait();

  boost::asio::signal_set signals_;
  std::function<void()> first_, second_;
  int count_ = 0;
};

}  // namespace pgconvoy::cli
