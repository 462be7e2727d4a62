#include "engine/web/feed.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>

namespace pgconvoy::web {
namespace {

constexpr auto kBetweenLooks = std::chrono::milliseconds(250);
constexpr auto kAfterError = std::chrono::seconds(2);

}  // namespace

Task<bool> Feed::wait_beyond(std::shared_ptr<Feed> self, std::int64_t run, std::int64_t sequence, Seconds patience) {
  std::shared_ptr<Channel>& slot = self->channels_[run];
  if (!slot) slot = std::make_shared<Channel>();
  const std::shared_ptr<Channel> channel = slot;
  if (self->stopped_) co_return false;
  if (channel->last > sequence) co_return true;
  asio::steady_timer timer(self->loop_);
  // Taken out again however this ends.
  struct Listed {
    std::shared_ptr<Channel> channel;
    asio::steady_timer* timer;
    ~Listed() { channel->waiting.erase(timer); }
  };
  channel->waiting.insert(&timer);
  const Listed listed{channel, &timer};
  if (!channel->looking) {
    channel->looking = true;
    // Looks begin where the first one who waits stands.
    if (channel->last == 0) channel->last = sequence;
    asio::co_spawn(self->loop_, look(self, run, channel), asio::detached);
  }
  const auto until = std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::steady_clock::duration>(patience);
  boost::system::error_code ignored;
  while (!self->stopped_ && channel->last <= sequence && std::chrono::steady_clock::now() < until) {
    timer.expires_at(until);
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  co_return !self->stopped_ && channel->last > sequence;
}

void Feed::wake(Channel& channel) {
  for (asio::steady_timer* timer : channel.waiting) timer->cancel();
}

Task<void> Feed::look(std::shared_ptr<Feed> self, std::int64_t run, std::shared_ptr<Channel> channel) {
  asio::steady_timer between(self->loop_);
  boost::system::error_code ignored;
  while (!self->stopped_ && !channel->waiting.empty()) {
    const std::int64_t known = channel->last;
    const std::shared_ptr<Documents> documents = self->documents_;
    auto work = [documents, run, known] { return documents->sequence(run, known); };
    auto sequence = co_await run_blocking(self->pool_, work);
    if (sequence && *sequence > channel->last) {
      channel->last = *sequence;
      wake(*channel);
    }
    // Somebody who has just been told comes back in a moment.
    between.expires_after(sequence ? std::chrono::milliseconds(kBetweenLooks) : std::chrono::milliseconds(kAfterError));
    co_await between.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  channel->looking = false;
}

void Feed::stop() {
  stopped_ = true;
  for (auto& [run, channel] : channels_) wake(*channel);
}

}  // namespace pgconvoy::web
