// One running child with its process group: its output is collected, its end awaited through a pidfd, its limit
// kept. Everything runs on the loop's thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <functional>
#include <memory>
#include <string>

#include "engine/core/process.hpp"
#include "engine/core/spawn.hpp"

namespace pgconvoy {

class Child : public std::enable_shared_from_this<Child> {
 public:
  using Finished = std::function<void(Result<ProcessResult>)>;

  // Forks and executes; nothing is running when it returns an error.
  static Result<std::shared_ptr<Child>> start(asio::any_io_executor executor, ProcessSpec spec);
  ~Child();  // an abandoned child is killed with its group

  // Calls spec.started.
  void tell_started() const;
  // Begins to watch; `finished` is called exactly once, from the loop.
  void watch(Finished finished);
  // SIGKILL to the group; `finished` is called with ErrorKind::cancelled.
  void kill();

 private:
  struct Stream {
    explicit Stream(asio::any_io_executor executor) : descriptor(std::move(executor)) {}
    asio::posix::stream_descriptor descriptor;
    std::array<char, 1 << 16> buffer;
    std::string kept;
    bool open = true;
  };

  Child(asio::any_io_executor executor, ProcessSpec spec);
  void read(Stream& stream, std::shared_ptr<Finished> finished);
  void limit_reached();
  void exited();
  void settle();
  void signal_group(int signal);
  int reap();
  std::string tail(Stream& stream) const;

  ProcessSpec spec_;
  pid_t pid_ = -1;
  asio::posix::stream_descriptor ended_;  // the pidfd: readable when the leader has ended
  Stream output_, errors_;
  asio::steady_timer limit_, drain_;
  // Only the pending handlers own it: it leads to the coroutine that owns us, and when the loop is destroyed with
  // its handlers, this circle must break.
  std::weak_ptr<Finished> finished_;
  bool leader_ended_ = false, late_ = false, killed_ = false;
};

}  // namespace pgconvoy
