// Waiting for a socket that belongs to libpq, with a deadline. On the loop's thread only.
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <memory>

#include "engine/core/task.hpp"

namespace pgconvoy {

class SocketWatch {
 public:
  enum class Outcome {
    ready,
    late,     // the deadline has passed
    aborted,  // the coroutine was cancelled, or there is no socket
  };

  explicit SocketWatch(asio::any_io_executor executor);
  ~SocketWatch();

  // Takes part in the socket without owning it. REQUIRES: detach() before libpq may close or replace it.
  void attach(int socket);
  void detach();

  // Moving a deadline is cheap: the timer is started again only when it fires too early.
  void set_deadline(SteadyTime deadline);
  void clear_deadline();
  bool late() const;

  // Until the socket is readable or writable, whichever was asked for.
  Task<Outcome> wait(bool read, bool write);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace pgconvoy
