// Tells those who read a run's stream that something was journaled: one small look at the journal for all of them, and none while
// nobody reads. The loop's thread; the looks are on the pool.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <map>
#include <memory>
#include <set>

#include "engine/core/task.hpp"
#include "engine/web/documents.hpp"

namespace pgconvoy::web {

class Feed : public std::enable_shared_from_this<Feed> {
 public:
  Feed(asio::io_context& loop, asio::thread_pool& pool, std::shared_ptr<Documents> documents)
      : loop_(loop), pool_(pool), documents_(std::move(documents)) {}

  // True as soon as the run has an event after that sequence; false when `patience` is over, or the feed was stopped.
  static Task<bool> wait_beyond(std::shared_ptr<Feed> self, std::int64_t run, std::int64_t sequence, Seconds patience);
  void stop();
  bool stopped() const { return stopped_; }

 private:
  struct Channel {
    std::int64_t last = 0;
    std::set<asio::steady_timer*> waiting;  // each has its own, cancelled when there is something new
    bool looking = false;
  };

  static void wake(Channel& channel);
  static Task<void> look(std::shared_ptr<Feed> self, std::int64_t run, std::shared_ptr<Channel> channel);

  asio::io_context& loop_;
  asio::thread_pool& pool_;
  const std::shared_ptr<Documents> documents_;
  std::map<std::int64_t, std::shared_ptr<Channel>> channels_;
  bool stopped_ = false;
};

}  // namespace pgconvoy::web
